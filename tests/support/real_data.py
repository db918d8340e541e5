"""Real images and weights for tests: a folder next to the checkout, or one that you name."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., None])
ROOT = Path(__file__).parents[2]
REAL_DATA = Path(os.environ.get("SEGTRANSFER_REAL_DATA", ROOT.parent / "shared" / "data"))


def needs_real_data(name: str) -> Callable[[Test], Test]:
    """Mark a test `real`; without REAL_DATA / name it is skipped, and the reason is reported."""
    path = REAL_DATA / name
    reason = (
        f"no real data at {path}: put them there, or set SEGTRANSFER_REAL_DATA to the folder "
        f"that holds {name}"
    )

    def mark(test: Test) -> Test:
        marked: Test = pytest.mark.skipif(not path.exists(), reason=reason)(test)
        marked = pytest.mark.real(marked)
        return marked

    return mark
