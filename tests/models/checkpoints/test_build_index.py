"""The shipped index is that of the installed libraries; all of it takes minutes to build again."""

from importlib.metadata import version
from pathlib import Path

import pytest

from benchmark.models.checkpoints.build_index import LIBRARIES, indexed_encoders, indexed_shapes
from benchmark.models.checkpoints.network_index import indexed, shipped_index

AGAIN = "type python -m benchmark.models.checkpoints.build_index"
SAMPLED, LARGER_SAMPLE = 97, 10
CONSTRAINTS = Path(__file__).parents[3] / "constraints.txt"
installed = pytest.mark.skipif(
    shipped_index().versions != {name: version(name) for name in LIBRARIES},
    reason="the index is of the versions in constraints.txt, others are installed",
)


def test_it_is_of_the_versions_that_are_tested() -> None:
    pins = dict(line.split("==") for line in CONSTRAINTS.read_text("utf-8").split() if "==" in line)
    assert shipped_index().versions == {name: pins[name] for name in LIBRARIES}, AGAIN


@installed
def test_it_has_every_encoder() -> None:
    names = [name for network in shipped_index().networks for name in network.encoders]
    assert sorted(names) == sorted(indexed_encoders()), AGAIN


def has_the_indexed_tensors(encoder: str) -> bool:
    (network,) = (n for n in shipped_index().networks if encoder in n.encoders)
    shapes, usable = indexed_shapes(encoder)
    return indexed(network.encoders, shapes, usable) == network


@installed
@pytest.mark.parametrize("encoder", indexed_encoders()[::SAMPLED])
def test_a_sample_of_networks_has_the_indexed_tensors(encoder: str) -> None:
    assert has_the_indexed_tensors(encoder), AGAIN


@installed
@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, LARGER_SAMPLE, 2))
def test_a_larger_sample_of_networks_has_the_indexed_tensors(first: int) -> None:
    names = indexed_encoders()[first :: LARGER_SAMPLE * 8]
    assert [name for name in names if not has_the_indexed_tensors(name)] == [], AGAIN
