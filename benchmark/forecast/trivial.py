"""Trivial forecasts: what is known of a source without looking at a target's images."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.cards.dataset import Domain
from benchmark.cards.source import UNKNOWN, SourceCard

IMAGES = {"imagenet": 1_281_167, "coco": 118_287, "voc2012_segmentation": 2_913}
"""Images of the training sets that shipped source cards name, as their publishers count them."""
IMAGENET_TOP1 = {
    "imagenet_mobilenet_v2": 70.94,
    "imagenet_mobilenet_v2_trunk": 70.94,
    "imagenet_efficientnet_lite0": 75.1,
    "imagenet_efficientnet_lite1": 76.7,
    "imagenet_efficientnet_lite2": 77.6,
}
"""Published top-1 accuracy in per cent: ONNX Model Zoo, and EfficientNet-lite of TensorFlow."""


@dataclass(frozen=True)
class KnownOfSource:
    """What trivial forecasts are made from.

    Attributes:
        card: Of the source.
        parameters: Of its encoder.
        pretraining_items: How many images or slices an in-suite pretraining learned from; None
            for other sources.
        domain: Of the target's images.
    """

    card: SourceCard
    parameters: int
    pretraining_items: int | None
    domain: Domain


def _saw(card: SourceCard) -> set[str]:
    """Data sets that the card names."""
    return {seen.dataset for seen in card.saw}


def _top1(known: KnownOfSource) -> float | None:
    """0 for a source that did not see ImageNet; None for an accuracy that is not listed."""
    may_have = _saw(known.card) & {"imagenet", UNKNOWN}
    return IMAGENET_TOP1.get(known.card.id) if may_have else 0.0


def _images(known: KnownOfSource) -> float | None:
    """None if the size of a data set is not listed."""
    if known.pretraining_items is not None:
        return float(known.pretraining_items)
    sizes = [IMAGES.get(dataset) for dataset in _saw(known.card)]
    return None if None in sizes else float(sum(size or 0 for size in sizes))


@dataclass(frozen=True)
class TrivialForecast:
    """One trivial forecast: its title and its function; higher is better, None is unknown."""

    title: str
    of: Callable[[KnownOfSource], float | None]


TRIVIAL: dict[str, TrivialForecast] = {
    "imagenet_top1": TrivialForecast("ImageNet top-1", _top1),
    "parameters": TrivialForecast("parameters", lambda known: float(known.parameters)),
    "same_domain": TrivialForecast(
        "same domain", lambda known: float(known.card.domain == known.domain)
    ),
    "pretraining_images": TrivialForecast("pretraining images", _images),
}
