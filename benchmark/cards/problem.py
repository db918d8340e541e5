"""What is asked of a data set: labels, grey values, slices, metrics."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Model, omitted_default
from benchmark.errors import first_repeated, unknown_name
from benchmark.scoring.metrics import METRICS


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
        if self.kind == "percentile" and not 0 <= self.low < self.high <= 100:
            raise ValueError("percentiles are from 0 to 100")
        return self


class Problem(Model):
    """A segmentation problem.

    `labels` maps each label scored to the data set's labels it merges; left out, each label of
    the data set is scored by itself. `slice_axis` is the axis along which volumes are cut (of
    RAS+ orientation); none for pictures. `where` keeps the cases of which these facts are true
    (`manufacturer: SIEMENS`). `flips` are those that leave the problem what it is.
    `tolerance_mm` is the distance up to which surfaces agree, one for all labels or one per label;
    `tolerance_source` says where it is from, or why it was chosen.
    """

    where: dict[str, str] = {}
    labels: dict[str, tuple[str, ...]] = {}
    intensity: Intensity
    slice_axis: Literal["sagittal", "coronal", "axial"] | None
    flips: tuple[Literal["horizontal", "vertical"], ...] = ()
    metrics: tuple[str, ...] = ("dice", "iou", "hd95_mm", "assd_mm")
    main_metric: str = "dice"
    minimum_lesion_volume_mm3: Annotated[float, Field(ge=0)] = 0.0
    tolerance_mm: float | dict[str, float] | None = omitted_default()
    tolerance_source: str = omitted_default("")

    def tolerance_of(self, label: str) -> float | None:
        """Tolerance in mm of a label; None if no metric asks for one."""
        tolerance = self.tolerance_mm
        return tolerance[label] if isinstance(tolerance, dict) else tolerance

    @model_validator(mode="after")
    def _a_pixel_has_one_label(self) -> "Problem":
        if empty := next((label for label, names in self.labels.items() if not names), None):
            raise ValueError(f"labels: {empty!r} merges nothing")
        if twice := first_repeated(name for names in self.labels.values() for name in names):
            raise ValueError(
                f"labels: {twice!r} is merged twice, but a pixel has one label; regions that lie "
                "in each other are targets of their own"
            )
        return self

    @model_validator(mode="after")
    def _metrics_exist(self) -> "Problem":
        for name in self.metrics:
            if name not in METRICS:
                raise ValueError(unknown_name("metric", name, METRICS))
        if twice := first_repeated(self.metrics):
            raise ValueError(f"metrics: {twice!r} comes twice")
        if self.main_metric not in self.metrics:
            raise ValueError(f"main_metric {self.main_metric!r} is not among metrics")
        return self

    @model_validator(mode="after")
    def _tolerance_is_stated(self) -> "Problem":
        given = self.tolerance_mm
        values = list(given.values()) if isinstance(given, dict) else [given]
        if any(mm is not None and mm <= 0 for mm in values):
            raise ValueError("tolerance_mm must be above 0")
        for name in self.metrics:
            missing = given is None or not self.tolerance_source
            if missing and "tolerance" in METRICS[name].needs:
                raise ValueError(
                    f"metric {name!r} needs tolerance_mm (one number, or one per label) and "
                    "tolerance_source (where it is from, or 'chosen: ...')"
                )
        return self
