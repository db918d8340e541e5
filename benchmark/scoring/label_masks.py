"""The masks of one label of one image, checked once, with what metrics of it share."""

import math
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Spacing = Sequence[float] | npt.NDArray[np.float64]  # mm between pixels, one per axis
Result = TypeVar("Result")


@dataclass(eq=False)
class LabelMasks:
    """Prediction and reference of one label, both boolean and without the pixels to ignore.

    Attributes:
        prediction: Mask with 2 or 3 axes.
        reference: Mask of the same shape.
        spacing_mm: Distance between neighbouring pixels in mm, one number per axis. None if it is
            not known; then only metrics that do not need it can be computed.
        valid: True for the pixels to count; the others are removed from both masks. None counts
            all.
        image: Native intensities of the same shape; only the mean HU needs them.
        minimum_lesion_volume_mm3: Smaller components are not lesions (mm2 for 2 axes).
        tolerance_mm: Distance up to which two surfaces agree; only the surface Dice needs it.
        slice_axis: Axis along which a volume is cut into slices; only the area needs it.
    """

    prediction: Mask
    reference: Mask
    spacing_mm: Spacing | None = None
    _: KW_ONLY
    valid: Mask | None = None
    image: npt.NDArray[np.floating] | None = None
    minimum_lesion_volume_mm3: float = 0.0
    tolerance_mm: float | None = None
    slice_axis: int = -1

    def __post_init__(self) -> None:
        """Check the shapes and remove the pixels to ignore.

        Raises:
            ValueError: The shapes differ.
        """
        self._results: dict[Callable[[LabelMasks], object], object] = {}
        shape = self.reference.shape
        for name, mask in (("prediction", self.prediction), ("valid mask", self.valid)):
            if mask is not None and mask.shape != shape:
                raise ValueError(f"the {name} has shape {mask.shape}, the reference {shape}")
        if self.valid is not None:
            self.prediction = self.prediction & self.valid
            self.reference = self.reference & self.valid

    @property
    def counted(self) -> int:
        """Number of pixels that are not ignored."""
        return self.reference.size if self.valid is None else int(np.count_nonzero(self.valid))

    @property
    def spacing(self) -> npt.NDArray[np.float64]:
        """Distance between neighbouring pixels in mm (axes,).

        Raises:
            ValueError: It is not known, or not one positive, finite number per axis.
        """
        if self.spacing_mm is None:
            raise ValueError("a metric needs the pixel spacing, which is not known for this image")
        return checked_spacing(self.spacing_mm, self.reference.ndim)

    @property
    def tolerance(self) -> float:
        """Distance in mm up to which two surfaces agree.

        Raises:
            ValueError: It is not known, or not positive and finite.
        """
        if self.tolerance_mm is None:
            raise ValueError("a metric needs tolerance_mm, which the target task does not state")
        if not 0 < self.tolerance_mm < math.inf:
            raise ValueError(f"the tolerance {self.tolerance_mm} mm must be positive and finite")
        return self.tolerance_mm

    def once(self, function: "Callable[[LabelMasks], Result]") -> Result:
        """Result of a function of these masks, computed when it is first asked for."""
        if function not in self._results:
            self._results[function] = function(self)
        return cast(Result, self._results[function])


def cropped(masks: LabelMasks) -> tuple[Mask, Mask]:
    """Both masks, cut to the bounding box of their union; to nothing if both are empty."""
    prediction, reference = masks.prediction, masks.reference
    union = prediction | reference
    box: list[slice] = []
    for axis in range(union.ndim):
        # What is already known to be empty is not looked at again.
        rest = union[tuple(box)]
        others = tuple(a for a in range(union.ndim) if a != axis)
        occupied = np.flatnonzero(rest.any(axis=others))
        box.append(slice(int(occupied[0]), int(occupied[-1]) + 1) if len(occupied) else slice(0))
    return prediction[tuple(box)], reference[tuple(box)]


def as_picture(masks: LabelMasks) -> LabelMasks:
    """The masks of a volume of one slice without that axis, along which nothing has a surface.

    As a volume, all of the slice would be surface, and distances inside it would count as 0. Masks
    of pictures and of other volumes are returned as they are.
    """
    shape = masks.reference.shape
    if len(shape) != 3 or 1 not in shape:
        return masks
    axis = shape.index(1)
    return replace(
        masks,
        prediction=masks.prediction.squeeze(axis),
        reference=masks.reference.squeeze(axis),
        spacing_mm=np.delete(masks.spacing, axis),
        valid=None,
        image=None,
    )


def checked_spacing(spacing_mm: Spacing, dimensions: int) -> npt.NDArray[np.float64]:
    """Return the spacing as an array of shape (dimensions,), in mm.

    Raises:
        ValueError: Not one positive, finite number per axis.
    """
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if spacing.shape != (dimensions,):
        raise ValueError(
            f"the mask has {dimensions} axes, the spacing {tuple(spacing_mm)} must have as many"
        )
    if not bool(np.all(np.isfinite(spacing) & (spacing > 0))):
        raise ValueError(f"the spacing {tuple(spacing_mm)} must be positive and finite")
    return spacing
