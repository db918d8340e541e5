"""Where local data are kept, with and without a home folder."""

from pathlib import Path

import platformdirs
import pytest

from benchmark.cards.content import default_home
from benchmark.errors import CardError


def no_home(_: str) -> Path:
    raise RuntimeError("could not determine the home directory")


@pytest.mark.parametrize("answer", [no_home, lambda _: Path("~/.cache/segtransfer")])
def test_without_a_home_folder_one_has_to_be_named(
    answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", answer)
    monkeypatch.setenv("SEGTRANSFER_HOME", "/somewhere")
    assert default_home() == Path("/somewhere")
    monkeypatch.delenv("SEGTRANSFER_HOME")
    with pytest.raises(CardError, match="no home folder; name a folder for local data with --home"):
        default_home()
