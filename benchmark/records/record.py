"""One finished run, as data: what was found per case, and under which conditions."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from benchmark.cards.card import omitted_default
from benchmark.cards.dataset import Domain
from benchmark.cards.source import SourceObjective
from benchmark.records.cell import CellId, Count, Facts, Fingerprints

Amount = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]


MARK_NAMES = {
    "synthetic": "synthetic",
    "subset": "subset",
    "partial_weights": "partial weights",
    "contamination": "contaminated",
    "unchecked": "unchecked data",
    "unseen_labels": "unseen labels",
}


class Marks(Facts):
    """What a reader must know before comparing this record with another.

    `contamination` says what the source saw of the target's data; `unchecked` names pretraining
    data that nobody outside can compare with the target's; `unseen_labels` are labels that no
    training or validation image has; `unranked` lists the reasons why the record may not enter a
    ranking (a trial with fewer steps, say).
    """

    synthetic: bool
    subset: bool
    partial_weights: bool
    contamination: tuple[str, ...]
    unchecked: tuple[str, ...] = omitted_default(())
    unseen_labels: tuple[str, ...] = omitted_default(())
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

    `parameter_share` is of the parts' elements, buffers included; `resampled` had another grid.
    """

    matched: Count
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...]
    parameter_share: Share
    resampled: tuple[str, ...] = omitted_default(())

    @property
    def complete(self) -> bool:
        """Whether every tensor was covered."""
        return not self.missing and not self.mismatched


class Selection(Facts):
    """How the scored weights were chosen: learning rate and step, by validation Dice.

    `diverged` are the learning rates that were left out, each with the step at which the training
    diverged.
    """

    learning_rate: Amount
    step: Count
    validation_dice: Share | None
    curve: tuple[tuple[Amount, Count, Share], ...]
    train_subjects: tuple[str, ...]
    diverged: tuple[tuple[float, int], ...] = omitted_default(())


class Failure(Facts):
    """Why a cell has no result of its own: its training diverged.

    `learning_rate` is the one that the protocol states, `step` counts from 1.
    """

    reason: str
    step: Count
    learning_rate: float


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
    threads: Count


class RunRecord(Facts):
    """What one run found. `key` identifies the conditions; `started` and `cost` are timings.

    `prepared_data` is the SHA-256 of the arrays that the network was trained on and scored with.
    A cross-validated target has a network per fold, whose costs are added up; `selection` is that
    of the first, `other_folds` are those of the others, in their order.
    A cell that `failed` has the worst score of every structure: each counts as missed, or as
    invented where there is none.
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
    failed: Failure | None = omitted_default()
    environment: Environment
    cost: Cost
    started: str

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Of the network of each fold; one without folds."""
        return self.selection, *self.other_folds

    def case_means(self) -> dict[str, float]:
        """Main metric of each case, averaged over its labels."""
        labels: dict[str, list[float]] = {}
        for case in self.cases:
            labels.setdefault(case.case, []).append(case.scores[self.main_metric])
        return {name: float(np.mean(scores)) for name, scores in labels.items()}

    def without_timings(self) -> dict[str, object]:
        """The record as plain data, less what differs between two runs on one machine."""
        data = self.model_dump(mode="json")
        data.pop("started")
        for name in TIMINGS:
            data["cost"].pop(name)
        return data


TIMINGS = ("fine_tuning_seconds", "total_seconds", "peak_memory_mib", "energy_joules",
           "energy_method", "gpu_utilisation_percent")  # fmt: skip
