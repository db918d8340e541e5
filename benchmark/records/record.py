"""One finished run, as data: what was found per case, and under which conditions."""

from typing import Literal

from benchmark.cards.card import Model, fingerprint
from benchmark.cards.dataset import Domain
from benchmark.cards.task import SourceObjective


class CellId(Model):
    """One point of a board's grid. `train_subjects` 0 stands for all of them."""

    board: str
    target: str
    source: str
    strategy: str
    train_subjects: int
    seed: int

    @property
    def path(self) -> str:
        """Where the record lies below `records/`: path and identity are one."""
        size = f"n{self.train_subjects}" if self.train_subjects else "nall"
        return f"{self.target}/{self.source}/{self.strategy}/{size}/seed{self.seed}.json"


class Fingerprints(Model):
    """SHA-256 of everything that a cell's result depends on, besides its seed."""

    protocol: str
    strategy: str
    target: str
    source: str
    weights: str
    splits: str
    data: str


class Marks(Model):
    """What a reader must know before comparing this record with another.

    `contamination` says what the source saw of the target's data; `unranked` lists the reasons
    why the record may not enter a ranking (a trial with fewer steps, say).
    """

    synthetic: bool
    subset: bool
    partial_weights: bool
    contamination: tuple[str, ...]
    unranked: tuple[str, ...] = ()


class SourceFacts(Model):
    """What the table says of the source, copied from its card."""

    title: str
    domain: Domain
    task: SourceObjective
    encoder: str


class CoverageReport(Model):
    """How much of the parts that a source provides really came from its checkpoint."""

    matched: int
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...]
    parameter_share: float


class Selection(Model):
    """How the scored weights were chosen: learning rate and step, by validation Dice."""

    learning_rate: float
    step: int
    validation_dice: float | None
    curve: tuple[tuple[float, int, float], ...]
    train_subjects: tuple[str, ...]


class CaseScore(Model):
    """All metrics of one label of one test case, in native geometry."""

    case: str
    subject: str
    label: str
    reference_empty: bool
    prediction_empty: bool
    scores: dict[str, float]


class Cost(Model):
    """What the run cost. Parameters and operations do not age; seconds, memory and energy do.

    `training_gflop` counts forward and backward of all training steps. Energy is of the whole
    device while fine-tuning ran, by the method named; None where none could be read.
    """

    total_parameters: int
    trainable_parameters: int
    training_gflop: float
    fine_tuning_seconds: float
    total_seconds: float
    peak_memory_mib: float
    energy_joules: float | None = None
    energy_method: str = "none"


class Environment(Model):
    """Software and hardware of the run."""

    segtransfer: str
    python: str
    torch: str
    device: str
    threads: int


class RunRecord(Model):
    """What one run found. `key` identifies the conditions; `started` and `cost` are timings.

    `prepared_data` is the SHA-256 of the arrays that the network was trained on and scored with.
    """

    schema_version: Literal[1] = 1
    cell: CellId
    key: str
    fingerprints: Fingerprints
    prepared_data: str
    marks: Marks
    source: SourceFacts
    main_metric: str
    coverage: CoverageReport | None
    selection: Selection
    frozen_tensors_unchanged: bool
    cases: tuple[CaseScore, ...]
    environment: Environment
    cost: Cost
    started: str

    def without_timings(self) -> dict[str, object]:
        """The record as plain data, less what differs between two runs on one machine."""
        data = self.model_dump(mode="json")
        data.pop("started")
        for name in TIMINGS:
            data["cost"].pop(name)
        return data


TIMINGS = ("fine_tuning_seconds", "total_seconds", "peak_memory_mib", "energy_joules",
           "energy_method")  # fmt: skip


def cell_key(cell: CellId, fingerprints: Fingerprints) -> str:
    """Fingerprint of all that a cell's result depends on."""
    return fingerprint({"cell": cell.model_dump(), "fingerprints": fingerprints.model_dump()})
