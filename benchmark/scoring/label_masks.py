"""The masks of one label of one image, checked once, with what metrics of it share."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
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
        slice_axis: Axis along which a volume is cut into slices; only the area needs it.
    """

    prediction: Mask
    reference: Mask
    spacing_mm: Spacing | None = None
    _: KW_ONLY
    valid: Mask | None = None
    image: npt.NDArray[np.floating] | None = None
    minimum_lesion_volume_mm3: float = 0.0
    slice_axis: int = -1

    def __post_init__(self) -> None:
        """Check the shapes and remove the pixels to ignore.

        Raises:
            ValueError: The shapes differ.
        """
        self._results: dict[Callable[[LabelMasks], object], object] = {}
        shape, valid = self.reference.shape, True if self.valid is None else self.valid
        for name, mask in (("prediction", self.prediction), ("valid mask", self.valid)):
            if mask is not None and mask.shape != shape:
                raise ValueError(f"the {name} has shape {mask.shape}, the reference {shape}")
        self.prediction = np.logical_and(self.prediction, valid)
        self.reference = np.logical_and(self.reference, valid)

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

    def once(self, function: "Callable[[LabelMasks], Result]") -> Result:
        """Result of a function of these masks, computed when it is first asked for."""
        if function not in self._results:
            self._results[function] = function(self)
        return cast(Result, self._results[function])


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
