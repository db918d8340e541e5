"""The one function that computes all metrics for one label of one image."""

import difflib
from collections.abc import Sequence

from benchmark.scoring.biometry import ellipse_circumference_mm
from benchmark.scoring.distance import surface_scores
from benchmark.scoring.lesions import lesion_detection
from benchmark.scoring.metrics import METRICS
from benchmark.scoring.overlap import Mask, dice, iou, paired, pixel_accuracy

_SURFACE = ("hd95_mm", "assd_mm")
_LESION = ("lesion_recall", "lesion_precision", "lesion_f1")
_HEAD = ("head_circumference_difference_mm", "head_circumference_absolute_error_mm")


def _check_names(metrics: Sequence[str]) -> None:
    for name in metrics:
        if name not in METRICS:
            near = difflib.get_close_matches(name, METRICS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ValueError(
                f"there is no metric '{name}'.{hint} The metrics are: {', '.join(METRICS)}"
            )


def score_label(
    prediction: Mask,
    reference: Mask,
    *,
    metrics: Sequence[str],
    spacing_mm: Sequence[float] | None,
    valid: Mask | None = None,
    minimum_lesion_volume_mm3: float = 0.0,
) -> dict[str, float]:
    """Score one label of one image.

    The head circumference of the reference is measured on the reference mask in the same way as
    that of the prediction, not taken from a clinical record. A perfect segmentation then has
    zero error, and the number speaks about the segmentation alone. The difference is prediction
    minus reference. An empty mask has circumference 0.

    Args:
        prediction: Mask with 2 or 3 axes.
        reference: Mask of the same shape.
        metrics: Names from `METRICS`.
        spacing_mm: Distance between neighbouring pixels in mm, one number per axis. None if it
            is not known; then only overlap metrics can be computed.
        valid: True for the pixels to count. The others are taken out of both masks before
            every metric.
        minimum_lesion_volume_mm3: Smaller components are no lesions (mm2 for 2 axes).

    Returns:
        The metrics asked for, in the order asked for; all values are finite.

    Raises:
        ValueError: Unknown metric, shapes that differ, or a spacing that is missing or wrong.
    """
    _check_names(metrics)
    values = {
        "dice": dice(prediction, reference, valid),
        "iou": iou(prediction, reference, valid),
        "pixel_accuracy": pixel_accuracy(prediction, reference, valid),
    }
    physical = [name for name in metrics if name not in values]
    if physical and spacing_mm is None:
        raise ValueError(
            f"the metrics {', '.join(physical)} need millimetres, "
            "and the pixel spacing of this image is not known"
        )
    if spacing_mm is not None:
        p, r = paired(prediction, reference, valid)
        if any(name in _SURFACE for name in physical):
            values.update(zip(_SURFACE, surface_scores(p, r, spacing_mm), strict=True))
        if any(name in _LESION for name in physical):
            found = lesion_detection(p, r, spacing_mm, minimum_lesion_volume_mm3)
            ratios = (found.recall, found.precision, found.f1)
            values.update(zip(_LESION, ratios, strict=True))
        if any(name in _HEAD for name in physical):
            measured = ellipse_circumference_mm(p, spacing_mm)
            difference = measured - ellipse_circumference_mm(r, spacing_mm)
            values.update(zip(_HEAD, (difference, abs(difference)), strict=True))
    return {name: float(values[name]) for name in metrics}
