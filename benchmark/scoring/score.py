"""The one function that computes all metrics for one label of one image."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmark.errors import unknown_name
from benchmark.scoring.biometry import area_error_cm2, ellipse_circumference_mm, mean_hu_error
from benchmark.scoring.distance import surface_scores
from benchmark.scoring.lesions import artefact_count, lesion_detection
from benchmark.scoring.metrics import METRICS
from benchmark.scoring.overlap import Mask, dice, iou, paired, pixel_accuracy

_SURFACE = ("hd95_mm", "assd_mm")
_LESION = ("lesion_recall", "lesion_precision", "lesion_f1")
_HEAD = ("head_circumference_difference_mm", "head_circumference_absolute_error_mm")


def score_label(
    prediction: Mask,
    reference: Mask,
    *,
    metrics: Sequence[str],
    spacing_mm: Sequence[float] | None,
    valid: Mask | None = None,
    minimum_lesion_volume_mm3: float = 0.0,
    image: npt.NDArray[np.floating] | None = None,
    slice_axis: int = -1,
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
        image: Native grey values of the same shape; only the mean HU needs them.
        slice_axis: Axis along which a volume is cut; only the area needs it.

    Returns:
        The metrics asked for, in the order asked for; all values are finite.

    Raises:
        ValueError: Unknown metric, shapes that differ, a spacing that is missing or wrong, or no
            image for a metric that needs one.
    """
    for name in metrics:
        if name not in METRICS:
            raise ValueError(unknown_name("metric", name, METRICS))
    values = {
        "dice": dice(prediction, reference, valid),
        "iou": iou(prediction, reference, valid),
        "pixel_accuracy": pixel_accuracy(prediction, reference, valid),
    }
    if "artefact_count" in metrics:
        values["artefact_count"] = artefact_count(*paired(prediction, reference, valid))
    if "mean_hu_error" in metrics:
        if image is None:
            raise ValueError("the metric mean_hu_error needs the image itself")
        values["mean_hu_error"] = mean_hu_error(prediction, reference, image, valid)
    physical = [name for name in metrics if name not in values]
    if physical and spacing_mm is None:
        raise ValueError(
            f"the metrics {', '.join(physical)} need millimetres, "
            "and the pixel spacing of this image is not known"
        )
    if spacing_mm is not None:
        masks = paired(prediction, reference, valid)
        values |= _in_millimetres(
            *masks, physical, spacing_mm, minimum_lesion_volume_mm3, slice_axis
        )
    return {name: float(values[name]) for name in metrics}


def _in_millimetres(
    prediction: Mask,
    reference: Mask,
    metrics: Sequence[str],
    spacing_mm: Sequence[float],
    minimum_lesion_volume_mm3: float,
    slice_axis: int,
) -> dict[str, float]:
    """The metrics that need the spacing, of masks without what does not count."""
    values: dict[str, float] = {}
    if any(name in _SURFACE for name in metrics):
        surface = surface_scores(prediction, reference, spacing_mm)
        values.update(zip(_SURFACE, surface, strict=True))
    if any(name in _LESION for name in metrics):
        found = lesion_detection(prediction, reference, spacing_mm, minimum_lesion_volume_mm3)
        values.update(zip(_LESION, (found.recall, found.precision, found.f1), strict=True))
    if any(name in _HEAD for name in metrics):
        measured = ellipse_circumference_mm(prediction, spacing_mm)
        difference = measured - ellipse_circumference_mm(reference, spacing_mm)
        values.update(zip(_HEAD, (difference, abs(difference)), strict=True))
    if "area_error_cm2" in metrics:
        values["area_error_cm2"] = area_error_cm2(prediction, reference, spacing_mm, slice_axis)
    return values
