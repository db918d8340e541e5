"""Measurements taken from a mask: circumference, area on slices, mean Hounsfield number."""

import math

import numpy as np
import numpy.typing as npt

from benchmark.scoring.label_masks import LabelMasks, Mask, Spacing, checked_spacing
from benchmark.scoring.lesions import components


def head_circumference_difference_mm(masks: LabelMasks) -> float:
    """Head circumference of the prediction minus that of the reference, in mm.

    The circumference of the reference is measured on the reference mask in the same way as that of
    the prediction, not taken from a clinical record: a perfect segmentation then has zero error,
    and the number measures the segmentation alone. An empty mask has circumference 0.
    """
    measured = ellipse_circumference_mm(masks.prediction, masks.spacing)
    return measured - ellipse_circumference_mm(masks.reference, masks.spacing)


def head_circumference_absolute_error_mm(masks: LabelMasks) -> float:
    """Absolute value of `head_circumference_difference_mm`."""
    return abs(masks.once(head_circumference_difference_mm))


def head_circumference_largest_component_difference_mm(masks: LabelMasks) -> float:
    """As `head_circumference_difference_mm`, of the largest component of each mask.

    Clinical software measures one outline. A stray blob far from the head does not move this
    number; its area is `head_stray_area_cm2`.
    """
    measured, true = (
        ellipse_circumference_mm(largest_component(mask), masks.spacing)
        for mask in (masks.prediction, masks.reference)
    )
    return measured - true


def head_circumference_largest_component_absolute_error_mm(masks: LabelMasks) -> float:
    """Absolute value of `head_circumference_largest_component_difference_mm`."""
    return abs(masks.once(head_circumference_largest_component_difference_mm))


def head_stray_area_cm2(masks: LabelMasks) -> float:
    """Predicted area outside the largest predicted component, in cm2; nothing predicted: 0.0."""
    prediction = masks.prediction
    return area_cm2(prediction & ~largest_component(prediction), masks.spacing)


def largest_component(mask: Mask) -> Mask:
    """The largest component of a mask (8 neighbours in 2-D, 26 in 3-D).

    Of several largest ones, that with the first pixel; an empty mask stays empty.
    """
    labels, _ = components(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: Mask = labels == int(sizes.argmax())
    return mask & largest


def area_error_cm2(masks: LabelMasks) -> float:
    """Absolute error of the area in cm2; of a volume, the mean over its slices.

    Only slices count on which one of the masks is not empty: an area is measured where the
    structure is, and a scan must not score better for being longer.

    Returns:
        The error in cm2. Both masks empty: 0.0. Exactly one empty: the area of the other.
    """
    prediction, reference, spacing = masks.prediction, masks.reference, masks.spacing
    if prediction.ndim == 2:
        return abs(area_cm2(prediction, spacing) - area_cm2(reference, spacing))
    plane_mm2 = float(np.prod(np.delete(spacing, masks.slice_axis)))
    predicted, true = (
        np.moveaxis(mask, masks.slice_axis, 0).sum((1, 2), dtype=np.int64)
        for mask in (prediction, reference)
    )
    occupied = (predicted > 0) | (true > 0)
    if not occupied.any():
        return 0.0
    return float(np.abs(predicted - true)[occupied].mean()) * plane_mm2 / 100


def mean_hu_error(masks: LabelMasks) -> float:
    """Absolute error of the mean Hounsfield number inside the mask.

    Returns:
        The error in HU. Both masks empty: 0.0. Exactly one empty: the largest error that any
        mask in this image could make.

    Raises:
        ValueError: There is no image, or its shape is not that of the masks.
    """
    prediction, reference, image = masks.prediction, masks.reference, masks.image
    if image is None:
        raise ValueError("mean_hu_error needs the intensities of the image")
    if image.shape != reference.shape:
        raise ValueError(f"the image has shape {image.shape}, the masks {reference.shape}")
    means = [float(image[m].mean(dtype=np.float64)) for m in (prediction, reference) if m.any()]
    if len(means) == 1:
        return max(means[0] - float(image.min()), float(image.max()) - means[0])
    return abs(means[0] - means[1]) if means else 0.0


def ellipse_circumference_mm(mask: Mask, spacing_mm: Spacing) -> float:
    """Circumference in mm of the ellipse that has the same second moments as the mask.

    The pixel centres are placed in mm, so pixels need not be square. To their covariance is added
    that of a pixel around its own centre, spacing^2 / 12 per axis. A solid ellipse with
    semi-axis a has variance a^2 / 4 along it, so a semi-axis is twice the root of an eigenvalue.
    The perimeter is Ramanujan's second approximation (1914). The complete mask counts, stray
    pixels included: pass its `largest_component` to leave them out.

    Args:
        mask: Mask of shape (rows, columns).
        spacing_mm: Distance between neighbouring pixels in mm, (rows, columns).

    Returns:
        The circumference in mm. Empty mask: 0.0.
    """
    spacing = _plane_spacing(mask, spacing_mm)
    points = np.argwhere(mask) * spacing
    if len(points) == 0:
        return 0.0
    centred = points - points.mean(axis=0)
    covariance = centred.T @ centred / len(points) + np.diag(spacing**2 / 12)
    a, b = (2 * math.sqrt(float(value)) for value in np.linalg.eigvalsh(covariance))
    h = ((a - b) / (a + b)) ** 2
    return math.pi * (a + b) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))


def area_cm2(mask: Mask, spacing_mm: Spacing) -> float:
    """Area of a mask of shape (rows, columns) in square centimetres; 0.0 if it is empty."""
    return int(np.count_nonzero(mask)) * float(np.prod(_plane_spacing(mask, spacing_mm))) / 100


def _plane_spacing(mask: Mask, spacing_mm: Spacing) -> npt.NDArray[np.float64]:
    if mask.ndim != 2:
        raise ValueError(f"this measurement needs a mask with 2 axes, this one has {mask.ndim}")
    return checked_spacing(spacing_mm, 2)
