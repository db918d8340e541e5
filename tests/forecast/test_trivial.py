"""Trivial forecasts of shipped sources."""

import pytest
from support.factories import shipped_registry

from benchmark.forecast.trivial import IMAGENET_TOP1, IMAGES, TRIVIAL, KnownOfSource


def of(source: str, items: int | None = None) -> dict[str, float | None]:
    known = KnownOfSource(shipped_registry().source(source), 1000, items, "natural")
    return {name: trivial.of(known) for name, trivial in TRIVIAL.items()}


@pytest.mark.parametrize(
    ("source", "items", "top1", "same", "images"),
    [
        ("scratch", None, 0, 0, 0),
        ("imagenet_efficientnet_lite0", None, 75.1, 1, 1_281_167),
        ("imagenet_mobilenet_v2", None, 70.94, 1, 1_281_167),
        ("voc_mobilenet_v2", None, None, 1, sum(IMAGES.values())),
        ("hippocampus_segmentation", 360, 0, 0, 360),
        ("medsam_vit_base", None, None, 0, None),
    ],
)
def test_what_is_known_of_a_source(
    source: str, items: int | None, top1: float | None, same: float, images: float | None
) -> None:
    expected = {"imagenet_top1": top1, "parameters": 1000, "same_domain": same}
    assert of(source, items) == expected | {"pretraining_images": images}


def test_every_listed_accuracy_is_of_a_source_that_saw_imagenet_alone() -> None:
    cards = [shipped_registry().source(name) for name in IMAGENET_TOP1]
    assert all({seen.dataset for seen in card.saw} == {"imagenet"} for card in cards)
    assert {(card.domain, card.task) for card in cards} == {("natural", "classification")}
