"""The one function that computes all metrics of one label of one image."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmark.errors import unknown_name
from benchmark.scoring.label_masks import LabelMasks, Mask
from benchmark.scoring.metrics import METRICS, Need


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

    Args:
        prediction: Mask with 2 or 3 axes.
        reference: Mask of the same shape.
        metrics: Names from `METRICS`.
        spacing_mm: Distance between neighbouring pixels in mm, one number per axis. None if it
            is not known; then only metrics that do not need it can be computed.
        valid: True for the pixels to count. The others are removed from both masks before every
            metric.
        minimum_lesion_volume_mm3: Smaller components are not lesions (mm2 for 2 axes).
        image: Native intensities of the same shape; only the mean HU needs them.
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

    def needing(need: Need) -> str:
        return ", ".join(name for name in metrics if need in METRICS[name].needs)

    if image is None and (names := needing("image")):
        raise ValueError(f"the metrics {names} need the intensities of the image")
    if spacing_mm is None and (names := needing("spacing")):
        raise ValueError(
            f"the metrics {names} need the pixel spacing, which is not known for this image"
        )
    masks = LabelMasks(
        prediction,
        reference,
        spacing_mm,
        valid=valid,
        image=image,
        minimum_lesion_volume_mm3=minimum_lesion_volume_mm3,
        slice_axis=slice_axis,
    )
    return {name: METRICS[name].score(masks) for name in metrics}
