"""The list of metrics: what each is called, its unit and its direction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """What a reader of a table must know about a metric.

    Attributes:
        name: Key of the metric in `METRICS` and in result files.
        unit: "mm", "cm2", "HU" or "count"; "" for a ratio from 0 to 1.
        higher_is_better: Direction. The signed difference is best at zero; it says False.
        title: Heading in tables and figures.
    """

    name: str
    unit: str
    higher_is_better: bool
    title: str


METRICS: dict[str, Metric] = {
    "dice": Metric("dice", "", True, "Dice"),
    "iou": Metric("iou", "", True, "IoU"),
    "pixel_accuracy": Metric("pixel_accuracy", "", True, "Pixel accuracy"),
    "hd95_mm": Metric("hd95_mm", "mm", False, "HD95"),
    "assd_mm": Metric("assd_mm", "mm", False, "ASSD"),
    "lesion_recall": Metric("lesion_recall", "", True, "Lesion recall"),
    "lesion_precision": Metric("lesion_precision", "", True, "Lesion precision"),
    "lesion_f1": Metric("lesion_f1", "", True, "Lesion F1"),
    "head_circumference_difference_mm": Metric(
        "head_circumference_difference_mm", "mm", False, "Head circumference, difference"
    ),
    "head_circumference_absolute_error_mm": Metric(
        "head_circumference_absolute_error_mm", "mm", False, "Head circumference, absolute error"
    ),
    "artefact_count": Metric("artefact_count", "count", False, "Artefacts"),
    "area_error_cm2": Metric("area_error_cm2", "cm2", False, "Area, absolute error"),
    "mean_hu_error": Metric("mean_hu_error", "HU", False, "Mean HU, absolute error"),
}

PHYSICAL = ("mm", "cm2")  # units that need the spacing of pixels


@dataclass(frozen=True)
class PooledMetric:
    """A score that published code pools over batches of test images; no ranking uses it.

    Attributes:
        name: Key in `POOLED`, in records and in published.csv.
        title: Heading in tables and figures.
        per_case: The metric of `METRICS` that asks the same of each case by itself.
    """

    name: str
    title: str
    per_case: str


POOLED: dict[str, PooledMetric] = {
    "pooled_pixel_accuracy": PooledMetric(
        "pooled_pixel_accuracy", "Pixel accuracy, all images pooled", "pixel_accuracy"
    ),
    "pooled_dice": PooledMetric("pooled_dice", "Dice, batches pooled", "dice"),
    "pooled_iou": PooledMetric("pooled_iou", "Foreground IoU, batches pooled", "iou"),
    "pooled_soft_dice": PooledMetric("pooled_soft_dice", "Soft Dice, batches pooled", "dice"),
}
