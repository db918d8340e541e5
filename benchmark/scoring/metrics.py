"""The registry of metrics: one entry holds all that the rest of the package knows about a metric.

To add a metric, write its function in a module of this package and an entry here of the same name;
the function is imported when it is first used, so reading the registry loads no numerical library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from benchmark.errors import unknown_name

if TYPE_CHECKING:
    from benchmark.scoring.label_masks import LabelMasks
    from benchmark.scoring.pooled import BatchMasks, Ratio

Need = Literal["spacing", "image", "tolerance"]


@dataclass(frozen=True)
class Metric:
    """A score of one label of one image.

    Attributes:
        name: Key in `METRICS` and in result files, and name of the function in `module`.
        title: Heading in tables and figures.
        module: Module of `benchmark.scoring` with the function (LabelMasks) -> float.
        unit: "mm", "cm2", "HU" or "count"; "" for a ratio from 0 to 1.
        higher_is_better: Direction. The signed difference is best at zero; it has False.
        needs: What must be known besides the masks: spacing of the pixels, intensity image,
            tolerance of the target task.
        signed: Whether it can be negative.
        one_empty: Score where exactly one mask is empty; None where that depends on the masks.
        short_title: Heading in tables that show it next to the main metric; "" for the metrics
            that they leave out.
    """

    name: str
    title: str
    module: str
    unit: str = ""
    higher_is_better: bool = True
    needs: tuple[Need, ...] = ()
    signed: bool = False
    one_empty: float | None = None
    short_title: str = ""

    def score(self, masks: "LabelMasks") -> float:
        """Compute the metric.

        Raises:
            ValueError: Masks, spacing or image are not what it needs.
        """
        return float(_function(self.module, self.name)(masks))

    @property
    def best(self) -> float:
        """Score of a perfect segmentation, also where both masks are empty."""
        return 1.0 if self.higher_is_better else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest possible score."""
        infinity = float("inf")
        return (-infinity if self.signed else 0.0, infinity if self.unit else 1.0)

    @property
    def sign(self) -> float:
        """Factor that makes higher scores better: 1 or -1."""
        return 1.0 if self.higher_is_better else -1.0

    @property
    def arrow(self) -> str:
        """Direction in headings of tables."""
        return "↑" if self.higher_is_better else "↓"

    @property
    def unit_suffix(self) -> str:
        """Unit as it follows a number or title: " mm", or "" for a ratio."""
        return f" {self.unit}" if self.unit else ""

    @property
    def number_format(self) -> str:
        """Format of its numbers in tables."""
        return ".2f" if self.unit else ".3f"


_SPACING: tuple[Need, ...] = ("spacing",)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("dice", "Dice", "overlap", one_empty=0.0),
        Metric("iou", "IoU", "overlap", one_empty=0.0),
        Metric("pixel_accuracy", "Pixel accuracy", "overlap"),
        Metric("hd95_mm", "HD95", "distance", "mm", False, _SPACING, short_title="HD95 mm"),
        Metric("assd_mm", "ASSD", "distance", "mm", False, _SPACING),
        Metric(
            "nsd", "NSD", "surface_dice", needs=("spacing", "tolerance"), one_empty=0.0,
            short_title="NSD",
        ),
        Metric("lesion_recall", "Lesion recall", "lesions", needs=_SPACING),
        Metric("lesion_precision", "Lesion precision", "lesions", needs=_SPACING),
        Metric("lesion_f1", "Lesion F1", "lesions", needs=_SPACING, short_title="lesion F1"),
        Metric(
            "head_circumference_difference_mm", "Head circumference, difference", "biometry",
            "mm", False, _SPACING, signed=True,
        ),
        Metric(
            "head_circumference_absolute_error_mm", "Head circumference, absolute error",
            "biometry", "mm", False, _SPACING, short_title="HC error mm",
        ),
        Metric("artefact_count", "Artefacts", "lesions", "count", False),
        Metric("area_error_cm2", "Area, absolute error", "biometry", "cm2", False, _SPACING),
        Metric("mean_hu_error", "Mean HU, absolute error", "biometry", "HU", False, ("image",)),
        Metric(
            "head_circumference_largest_component_difference_mm",
            "Head circumference of the largest component, difference", "biometry",
            "mm", False, _SPACING, signed=True,
        ),
        Metric(
            "head_circumference_largest_component_absolute_error_mm",
            "Head circumference of the largest component, absolute error", "biometry",
            "mm", False, _SPACING, short_title="HC error mm, largest component",
        ),
        Metric(
            "head_stray_area_cm2", "Stray area", "biometry", "cm2", False, _SPACING,
            short_title="stray cm2",
        ),
    )
}  # fmt: skip


def score_label(masks: "LabelMasks", metrics: Sequence[str]) -> dict[str, float]:
    """Score one label of one image.

    Args:
        masks: Of the label.
        metrics: Names from `METRICS`.

    Returns:
        The metrics asked for, in the order asked for; all values are finite.

    Raises:
        ValueError: Unknown metric, a spacing that is missing or wrong, or no image for a metric
            that needs one.
    """
    for name in metrics:
        if name not in METRICS:
            raise ValueError(unknown_name("metric", name, METRICS))
    return {name: METRICS[name].score(masks) for name in metrics}


@dataclass(frozen=True)
class PooledMetric:
    """A score that published code pools over batches of test images; no ranking uses it.

    Attributes:
        name: Key in `POOLED`, in records and in published.csv, and name of the function in
            `benchmark.scoring.pooled`.
        title: Heading in tables and figures.
        per_case: The metric of `METRICS` that measures the same of each case by itself.
        over_batches: Whether it is the mean over batches of a ratio; else the numerators and the
            denominators are summed over all batches.
    """

    name: str
    title: str
    per_case: str
    over_batches: bool = True

    def ratio(self, batch: "BatchMasks") -> "Ratio":
        """Numerator and denominator of one batch."""
        return cast("Ratio", _function("pooled", self.name)(batch))


POOLED: dict[str, PooledMetric] = {
    metric.name: metric
    for metric in (
        PooledMetric(
            "pooled_pixel_accuracy", "Pixel accuracy, all images pooled", "pixel_accuracy", False
        ),
        PooledMetric("pooled_dice", "Dice, batches pooled", "dice"),
        PooledMetric("pooled_iou", "Foreground IoU, batches pooled", "iou"),
        PooledMetric("pooled_soft_dice", "Soft Dice, batches pooled", "dice"),
        PooledMetric("pooled_soft_iou", "Soft IoU, batches pooled", "iou"),
    )
}


def _function(module: str, name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f"benchmark.scoring.{module}"), name)
    return function
