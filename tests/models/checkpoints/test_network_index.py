"""The index of networks: lookup by shapes and names, and the file."""

import pytest

from benchmark.models.checkpoints.network_index import (
    NetworkIndex,
    indexed,
    plain_name,
    shipped_index,
    without_unit_axes,
)
from benchmark.models.encoders import TensorShapes

SMALL: TensorShapes = {"stem.weight": (8, 3, 3, 3), "stages_0.weight": (8, 8), "norm.bias": (8,)}
LARGE: TensorShapes = SMALL | {"stages_1.weight": (16, 8), "stages_2.weight": (16, 8)}
INDEX = NetworkIndex([indexed(["small", "twin"], SMALL, True), indexed(["large"], LARGE, False)],
                     {"timm": "1"})  # fmt: skip


def test_similarity_is_the_dice_overlap_of_values_in_equal_shapes() -> None:
    found = {like.network.encoders[0]: like for like in INDEX.resembling(SMALL)}
    small, large = 8 * 27 + 64 + 8, 8 * 27 + 64 + 8 + 2 * 128
    assert found["small"].similarity == 1
    assert found["large"].similarity == pytest.approx(2 * small / (small + large))


def test_equal_names_decide_between_equal_shapes() -> None:
    other = {f"other.{name}": shape for name, shape in SMALL.items()}
    index = NetworkIndex([indexed(["other"], other, True), *INDEX.networks], {})
    found = sorted(index.resembling(SMALL), key=lambda like: like.rank)
    assert found[-1].network.encoders == ("small", "twin")
    assert found[-1].same_names == 1


def test_the_file_gives_the_index_again() -> None:
    content = INDEX.to_bytes()
    read = NetworkIndex.from_bytes(content)
    assert read.networks == INDEX.networks and read.versions == INDEX.versions
    assert read.to_bytes() == content


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("model.stages_0.blocks.1.weight", "stages.0.blocks.1.weight"),
        ("model.features_conv0.weight", "features.conv0.weight"),
        ("conv_stem.weight", "conv_stem.weight"),
        ("model.model.layers_3.norm.bias", "layers.3.norm.bias"),
    ],
)
def test_names_of_feature_extractors_become_those_of_files(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_axes_of_length_one_are_no_difference() -> None:
    assert without_unit_axes((1, 1, 768)) == without_unit_axes((768,)) == (768,)
    assert without_unit_axes((1, 1)) == ()


def test_the_shipped_index_is_small() -> None:
    index = shipped_index()
    assert len(index.networks) > 900
    assert len(index.to_bytes()) < 200_000
