"""One finished run, as data: what was found per case, and under which conditions."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from benchmark.cards.card import Model, omitted_default
from benchmark.cards.dataset import Domain
from benchmark.cards.lanes import Lane
from benchmark.cards.source import SourceObjective

Count = Annotated[int, Field(ge=0, le=2**53)]
Amount = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]


MARK_NAMES = {
    "synthetic": "synthetic",
    "subset": "subset",
    "partial_weights": "partial weights",
    "contamination": "contaminated",
    "unchecked": "unchecked data",
}


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


class Marks(Facts):
    """What a reader must know before comparing this record with another.

    `contamination` says what the source saw of the target's data; `unchecked` names pretraining
    data that nobody outside can compare with the target's; `unranked` lists the reasons why the
    record may not enter a ranking (a trial with fewer steps, say).
    """

    synthetic: bool
    subset: bool
    partial_weights: bool
    contamination: tuple[str, ...]
    unchecked: tuple[str, ...] = omitted_default(())
    unranked: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The marks in words, other than `unranked`."""
        return [name for field, name in MARK_NAMES.items() if getattr(self, field)]


class SourceFacts(Facts):
    """What the table says of the source, copied from its card.

    `pretraining_items` is how many images or slices a pretraining in the suite learned from; None
    for weights from elsewhere, whose card may tell in words what they saw.
    """

    title: str
    domain: Domain
    task: SourceObjective
    encoder: str
    pretraining_items: Count | None = None


class Coverage(Facts):
    """Which tensors of the parts that a source provides came from its checkpoint.

    `parameter_share` is the share of the parts' elements (buffers included) that were loaded.
    """

    matched: Count
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...]
    parameter_share: float

    @property
    def complete(self) -> bool:
        """Whether every tensor was covered."""
        return not self.missing and not self.mismatched


class Selection(Facts):
    """How the scored weights were chosen: learning rate and step, by validation Dice."""

    learning_rate: float
    step: int
    validation_dice: float | None
    curve: tuple[tuple[float, int, float], ...]
    train_subjects: tuple[str, ...]


class CaseScore(Facts):
    """All metrics of one label of one test case, in native geometry."""

    case: str
    subject: str
    label: str
    reference_empty: bool
    prediction_empty: bool
    scores: dict[str, float]


class Cost(Facts):
    """What the run cost. Parameters and operations do not age; seconds, memory and energy do.

    `training_gflop` counts forward and backward of all training steps. Peak memory, energy (by the
    method named) and the share of time in which the GPU ran a kernel are those of fine-tuning;
    energy and share are of the whole device, and None where none could be read.
    """

    total_parameters: Count
    trainable_parameters: Count
    training_gflop: Amount
    fine_tuning_seconds: Amount
    total_seconds: Amount
    peak_memory_mib: Amount
    energy_joules: Amount | None = None
    energy_method: str = "none"
    gpu_utilisation_percent: Percent | None = None


class Environment(Facts):
    """Software and hardware of the run."""

    segtransfer: str
    python: str
    torch: str
    device: str
    threads: int


class RunRecord(Facts):
    """What one run found. `key` identifies the conditions; `started` and `cost` are timings.

    `prepared_data` is the SHA-256 of the arrays that the network was trained on and scored with.
    A cross-validated target has a network per fold, whose costs are added up; `selection` is that
    of the first, `other_folds` are those of the others, in their order.
    `pooled` holds scores as published code pooled them, on boards that ask for them; no ranking
    uses them.
    """

    schema_version: Literal[1] = 1
    cell: CellId
    key: str
    fingerprints: Fingerprints
    prepared_data: str
    marks: Marks
    source: SourceFacts
    main_metric: str
    coverage: Coverage | None
    selection: Selection
    other_folds: tuple[Selection, ...] = omitted_default(())
    frozen_tensors_unchanged: bool
    cases: tuple[CaseScore, ...]
    pooled: dict[str, float] | None = None
    environment: Environment
    cost: Cost
    started: str

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Of the network of each fold; one without folds."""
        return self.selection, *self.other_folds

    def without_timings(self) -> dict[str, object]:
        """The record as plain data, less what differs between two runs on one machine."""
        data = self.model_dump(mode="json")
        data.pop("started")
        for name in TIMINGS:
            data["cost"].pop(name)
        return data


TIMINGS = ("fine_tuning_seconds", "total_seconds", "peak_memory_mib", "energy_joules",
           "energy_method", "gpu_utilisation_percent")  # fmt: skip


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
