"""Writes the index of all encoders: `python -m benchmark.models.checkpoints.build_index`.

To be run when timm or segmentation-models-pytorch is updated; a test compares index and libraries.
Networks are built without memory; nothing is downloaded.
"""

import sys
from collections import defaultdict
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

from benchmark.models.checkpoints.network_index import INDEX_FILE, NetworkIndex, indexed, plain_name
from benchmark.models.encoders import (
    TIMM_PREFIX,
    TensorShapes,
    encoder_families,
    encoder_family,
    encoder_shapes,
    tensor_shapes,
)
from benchmark.models.plugins.entry_points import plugin_names
from benchmark.models.timm_models import timm_on_meta
from benchmark.models.vision_libraries import timm
from benchmark.workers import Progress, no_progress

LIBRARIES = ("timm", "segmentation_models_pytorch", "monai")


def indexed_encoders() -> list[str]:
    """Every encoder of the libraries, first those with names of their own."""
    named = [name for name in encoder_families() if name not in plugin_names()]
    return [*named, *(f"{TIMM_PREFIX}{name}" for name in timm.list_models())]


def indexed_shapes(encoder: str) -> tuple[TensorShapes, bool]:
    """Shapes of an encoder's tensors, and whether boards can build it.

    Those of a network that boards cannot build are of timm's model without its classifier.
    """
    channels = encoder_family(encoder).usual_channels
    shapes = encoder_shapes(encoder, channels)
    if shapes is not None:
        return shapes, True
    return tensor_shapes(timm_on_meta(encoder.removeprefix(TIMM_PREFIX), channels)), False


def build_index(encoders: Collection[str], progress: Progress = no_progress) -> NetworkIndex:
    """The index of these encoders; those with equal names and shapes are one network."""
    of_signature: dict[object, list[str]] = defaultdict(list)
    contents: dict[object, tuple[TensorShapes, bool]] = {}
    for number, encoder in enumerate(encoders):
        progress("building", number, len(encoders))
        shapes, usable = indexed_shapes(encoder)
        signature = (usable, frozenset((plain_name(name), s) for name, s in shapes.items()))
        of_signature[signature].append(encoder)
        contents.setdefault(signature, (shapes, usable))
    networks = [indexed(names, *contents[key]) for key, names in of_signature.items()]
    return NetworkIndex(networks, {name: version(name) for name in LIBRARIES})


def main() -> None:
    """Build the index and write it beside this module."""

    def show(stage: str, done: int, total: int) -> None:
        """A line for every 50 networks."""
        if done % 50 == 0:
            sys.stderr.write(f"{stage}: {done} of {total}\n")

    content = build_index(indexed_encoders(), show).to_bytes()
    path = Path(__file__).with_name(INDEX_FILE)
    path.write_bytes(content)
    sys.stderr.write(f"{path}: {len(content) / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
