"""The identity of a cell, the conditions of its result, and the key of both."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import product
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import Annotated

from pydantic import ConfigDict, Field

from benchmark.cards.board import BoardCard
from benchmark.cards.card import Model, omitted_default
from benchmark.cards.lanes import Lane

Count = Annotated[int, Field(ge=0, le=2**53)]


class Facts(Model):
    """A group of facts of a record; NaN and infinity are no facts."""

    model_config = ConfigDict(allow_inf_nan=False)


class CellId(Facts):
    """One point of a board's grid. `train_subjects` 0 stands for all of them."""

    board: str
    target: str
    source: str
    strategy: str
    train_subjects: Count
    seed: Count
    lane: Lane = omitted_default("unet")

    @property
    def path(self) -> str:
        """Where the record lies below `records/`: path and identity are one."""
        return cell_path(
            self.target, self.source, self.strategy, self.train_subjects, self.seed, self.lane
        )


class Fingerprints(Facts):
    """SHA-256 of everything that a cell's result depends on, besides its seed."""

    protocol: str
    strategy: str
    target: str
    source: str
    weights: str
    splits: str
    data: str


def cell_path(
    target: str,
    source: str,
    strategy: str,
    train_subjects: int,
    seed: int,
    lane: Lane = "unet",
) -> str:
    """Path of a cell's record below `records/`; lanes other than `unet` follow the strategy."""
    size = f"n{train_subjects}" if train_subjects else "nall"
    suffix = "" if lane == "unet" else f".{lane}"
    return f"{target}/{source}/{strategy}{suffix}/{size}/seed{seed}.json"


def cell_paths(board: BoardCard, entries: Mapping[str, Iterable[tuple[Lane, str]]]) -> list[str]:
    """Paths of all cells of a board's grid of some sources, setting by setting.

    Args:
        board: Its settings and seeds.
        entries: The lanes and strategies that each source takes part with.
    """
    return [
        cell_path(target, source, strategy, size, seed, lane)
        for (target, size), source in product(board.settings, entries)
        for (lane, strategy), seed in product(entries[source], board.seeds)
    ]


def cell_key(cell: CellId, fingerprints: Fingerprints) -> str:
    """Fingerprint of all that a cell's result depends on."""
    text = CELL_TEXT(cell) if cell.lane == "unet" else LANE_CELL_TEXT(cell)
    text = f'{{"cell":{text},"fingerprints":{_prints_text(fingerprints)}}}'
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=256)
def _prints_text(fingerprints: Fingerprints) -> str:
    """The same for all seeds and sizes."""
    return PRINTS_TEXT(fingerprints)


def _canonical(kind: type[Model], without: str = "") -> Callable[[Model], str]:
    """Writes what `fingerprint` hashes, of models of texts and whole numbers; much faster."""
    names = sorted(kind.model_fields.keys() - {without})
    values = attrgetter(*names)
    form = "{" + ",".join([f'"{name}":%s' for name in names]) + "}"
    return lambda model: form % tuple(map(_json, values(model)))


def _json(value: str | int) -> str:
    return encode_basestring_ascii(value) if isinstance(value, str) else str(value)


LANE_CELL_TEXT, CELL_TEXT = _canonical(CellId), _canonical(CellId, without="lane")
PRINTS_TEXT = _canonical(Fingerprints)
