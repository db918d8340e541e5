"""The list of metrics: what each is called, its unit and its direction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """What a reader of a table must know about a metric.

    Attributes:
        name: Key of the metric in `METRICS` and in result files.
        unit: "mm", or "" for a ratio from 0 to 1.
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
}
