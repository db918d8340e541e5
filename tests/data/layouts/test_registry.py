"""Every kind of layout that a card can have is read by the module of its name."""

from typing import get_args

import pytest

from benchmark.cards.layouts import DatasetLayout
from benchmark.data.layouts.registry import LayoutReader, layout_reader

MODELS = get_args(get_args(DatasetLayout)[0])
KINDS = [get_args(model.model_fields["kind"].annotation)[0] for model in MODELS]


@pytest.mark.parametrize("kind", KINDS)
def test_a_layout_has_a_reader(kind: str) -> None:
    assert isinstance(layout_reader(kind), LayoutReader)
