"""The two ends of a transfer: source tasks (pretrainings) and target tasks (problems)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Card, Model
from benchmark.cards.dataset import Domain

SourceObjective = Literal["classification", "segmentation", "self_supervised", "none"]


class InputStatistics(Model):
    """Channels the network was trained on and their mean and deviation, for inputs in [0, 1]."""

    channels: Annotated[int, Field(ge=1)]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @model_validator(mode="after")
    def _one_value_a_channel(self) -> "InputStatistics":
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} values each")
        if min(self.std) <= 0:
            raise ValueError("std must be above 0")
        return self


class WeightsFile(Model):
    """A checkpoint that the user has; found by its SHA-256 after `segtransfer source import`."""

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    licence: str
    key_prefix: str = ""


class Intensity(Model):
    """How grey values become [0, 1].

    `range`: fixed bounds (`low`, `high`), as for 8-bit pictures; `window`: the same in HU;
    `percentile`: bounds are percentiles of the case's non-zero voxels.
    """

    kind: Literal["range", "window", "percentile"]
    low: float
    high: float

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "Intensity":
        if self.low >= self.high:
            raise ValueError("low must be below high")
        return self


class Pretraining(Model):
    """An in-suite pretraining, run once when a board first needs it."""

    dataset: str
    objective: Literal["segmentation", "restoration"]
    intensity: Intensity
    slice_axis: Literal["sagittal", "coronal", "axial"] | None
    input_size: int
    steps: int
    batch_size: int
    learning_rate: float
    seed: int


class Saw(Model):
    """A data set, by the registry's id, that a pretraining has seen."""

    dataset: str
    subjects: Literal["all", "train", "unknown"]


class SourceCard(Card):
    """One pretraining. `scratch` is a source like any other: domain and task `none`.

    `encoder` is a name of segmentation-models-pytorch or timm (`tu-...`); a source without one
    uses the board's.
    """

    domain: Domain
    task: SourceObjective
    provides: Literal["nothing", "encoder", "encoder_decoder"]
    encoder: str | None = None
    input: InputStatistics
    weights: WeightsFile | None = None
    pretrain: Pretraining | None = None
    saw: tuple[Saw, ...] = ()
    synthetic: bool = False
    citation: str = ""

    @model_validator(mode="after")
    def _weights_match_claim(self) -> "SourceCard":
        given = [origin for origin in (self.weights, self.pretrain) if origin is not None]
        if self.provides == "nothing" and given:
            raise ValueError("a source that provides nothing has neither weights nor pretrain")
        if self.provides != "nothing" and len(given) != 1:
            raise ValueError("give either weights or pretrain")
        if self.weights and self.encoder is None:
            raise ValueError("a source with weights names its encoder")
        return self


class TargetCard(Card):
    """The segmentation problem that is transferred to.

    `labels` maps each label scored to the data set's labels it merges. `slice_axis` is the axis
    along which volumes are cut (of RAS+ orientation); none for pictures.
    """

    dataset: str
    labels: dict[str, tuple[str, ...]]
    intensity: Intensity
    slice_axis: Literal["sagittal", "coronal", "axial"] | None
    flips: tuple[Literal["horizontal", "vertical"], ...]
    metrics: tuple[str, ...]
    main_metric: str
    minimum_lesion_volume_mm3: float = 0.0

    @model_validator(mode="after")
    def _main_metric_is_scored(self) -> "TargetCard":
        if self.main_metric not in self.metrics:
            raise ValueError(f"main_metric {self.main_metric!r} is not among metrics")
        return self
