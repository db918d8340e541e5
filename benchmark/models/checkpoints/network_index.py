"""Index of all encoders by the names and shapes of their tensors.

A checkpoint is compared with the index first, so that only the few networks that resemble it are
built. `build_index` writes the file from the installed libraries; a test compares both.
"""

import gzip
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

Shape = tuple[int, ...]
TensorShapes = dict[str, Shape]
INDEX_FILE = "network_index.json.gz"
NAMES_KEPT = 4
LEAST_SIMILARITY, EXTRA = 0.2, 0.02


@dataclass(frozen=True)
class IndexedNetwork:
    """Encoders whose tensors have equal names and shapes.

    Attributes:
        encoders: Names that cards use.
        shapes: How many tensors have each shape; axes of length 1 are left out.
        names: Hashes of a few names of tensors.
        usable: Whether boards can build it.
    """

    encoders: tuple[str, ...]
    shapes: Mapping[Shape, int] = field(hash=False)
    names: frozenset[int]
    usable: bool

    @property
    def values(self) -> int:
        """Number of values of all its tensors."""
        return sum(math.prod(shape) * count for shape, count in self.shapes.items())


@dataclass(frozen=True)
class Resemblance:
    """How like a network a group of tensors is, judged by the index alone.

    Attributes:
        network: Of the index.
        coverage: Values of the network in tensors whose shape the group has too, as a share.
        similarity: Dice overlap of values in tensors of equal shape: 2 common / (those of the
            network + those of the group).
        same_names: Share of the kept names that the group has.
    """

    network: IndexedNetwork
    coverage: float
    similarity: float
    same_names: float

    @property
    def rank(self) -> float:
        """Greater is better: coverage, then equal names, then little beside the network."""
        return self.coverage * (1 + self.same_names) + EXTRA * self.similarity


def without_unit_axes(shape: Iterable[int]) -> Shape:
    """A shape without its axes of length 1: libraries differ in them."""
    return tuple(size for size in shape if size != 1)


def plain_name(name: str) -> str:
    """A tensor's name as the files of most libraries have it.

    Feature extractors of timm are below `model.` and name `stages.0` `stages_0`.
    """
    name = re.sub(r"^(model\.)+", "", name)
    return re.sub(r"^([a-zA-Z]+(?=_\d+\.)|features(?=_))_", r"\1.", name)


def indexed(encoders: Iterable[str], shapes: TensorShapes, usable: bool) -> IndexedNetwork:
    """The entry of encoders with these tensors."""
    counts = Counter(without_unit_axes(shape) for shape in shapes.values())
    hashes = sorted(_hash(plain_name(name)) for name in shapes)[:NAMES_KEPT]
    return IndexedNetwork(tuple(encoders), dict(counts), frozenset(hashes), usable)


def _hash(name: str) -> int:
    return zlib.crc32(name.encode())


class NetworkIndex:
    """Networks by the shapes of their tensors."""

    def __init__(self, networks: Iterable[IndexedNetwork], versions: Mapping[str, str]) -> None:
        """Sort the networks by shape."""
        self.networks, self.versions = tuple(networks), dict(versions)
        self._values = [network.values for network in self.networks]
        self._of_shape: dict[Shape, list[tuple[int, int]]] = {}
        for number, network in enumerate(self.networks):
            for shape, count in network.shapes.items():
                self._of_shape.setdefault(shape, []).append((number, count))

    def resembling(self, shapes: TensorShapes) -> Iterator[Resemblance]:
        """The networks that a group of tensors resembles, in no order."""
        common: Counter[int] = Counter()
        counts = Counter(without_unit_axes(shape) for shape in shapes.values())
        for shape, count in counts.items():
            values = math.prod(shape)
            for number, needed in self._of_shape.get(shape, ()):
                common[number] += values * min(count, needed)
        total = sum(math.prod(shape) for shape in shapes.values())
        names = {_hash(plain_name(name)) for name in shapes}
        for number, values in common.items():
            network_values = self._values[number]
            similarity = 2 * values / (total + network_values)
            if similarity >= LEAST_SIMILARITY:
                network = self.networks[number]
                same = len(network.names & names) / max(1, len(network.names))
                yield Resemblance(network, values / network_values, similarity, same)

    def to_bytes(self) -> bytes:
        """The file: JSON, compressed, the same bytes for the same networks."""
        numbers: dict[Shape, int] = {}
        networks = [
            {
                "encoders": network.encoders,
                "names": sorted(network.names),
                "shapes": [
                    value
                    for shape, count in sorted(network.shapes.items())
                    for value in (numbers.setdefault(shape, len(numbers)), count)
                ],
                **({} if network.usable else {"usable": False}),
            }
            for network in self.networks
        ]
        data = {"versions": self.versions, "shapes": [*numbers], "networks": networks}
        text = json.dumps(data, separators=(",", ":"))
        return gzip.compress(text.encode(), compresslevel=9, mtime=0)

    @classmethod
    def from_bytes(cls, content: bytes) -> "NetworkIndex":
        """The index of a file."""
        data: dict[str, Any] = json.loads(gzip.decompress(content))
        shapes = [tuple(shape) for shape in data["shapes"]]
        networks = (
            IndexedNetwork(
                encoders=tuple(row["encoders"]),
                shapes={
                    shapes[number]: count
                    for number, count in zip(row["shapes"][::2], row["shapes"][1::2], strict=True)
                },
                names=frozenset(row["names"]),
                usable=row.get("usable", True),
            )
            for row in data["networks"]
        )
        return cls(networks, data["versions"])


@cache
def shipped_index() -> NetworkIndex:
    """The index that the package holds."""
    path = files("benchmark.models.checkpoints").joinpath(INDEX_FILE)
    return NetworkIndex.from_bytes(path.read_bytes())
