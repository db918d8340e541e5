"""The masks of one label of one image, checked once, with what metrics of it share."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Spacing = Sequence[float] | npt.NDArray[np.float64]  # mm between pixels, one per axis
Result = TypeVar("Result")


class LabelMasks:
    """Prediction and reference of one label, without the pixels to ignore.

    Attributes:
        prediction: Boolean mask; False where a pixel is ignored.
        reference: Boolean mask of the same shape; False where a pixel is ignored.
        counted: Number of pixels that are not ignored.
        image: Native intensities, or None.
        minimum_lesion_volume_mm3: Smaller components are not lesions (mm2 for 2 axes).
        slice_axis: Axis along which a volume is cut into slices.
    """

    def __init__(
        self,
        prediction: Mask,
        reference: Mask,
        spacing_mm: Spacing | None = None,
        *,
        valid: Mask | None = None,
        image: npt.NDArray[np.floating] | None = None,
        minimum_lesion_volume_mm3: float = 0.0,
        slice_axis: int = -1,
    ) -> None:
        """Check the shapes and remove the pixels to ignore; see `score_label` for the arguments.

        Raises:
            ValueError: The shapes differ.
        """
        self.prediction = np.asarray(prediction, dtype=np.bool_)
        self.reference = np.asarray(reference, dtype=np.bool_)
        shape = self.reference.shape
        if self.prediction.shape != shape:
            raise ValueError(
                f"the prediction has shape {self.prediction.shape}, the reference {shape}"
            )
        self.counted = self.reference.size
        if valid is not None:
            valid = np.asarray(valid, dtype=np.bool_)
            if valid.shape != shape:
                raise ValueError(f"the valid mask has shape {valid.shape}, the masks {shape}")
            self.counted = int(np.count_nonzero(valid))
            self.prediction, self.reference = self.prediction & valid, self.reference & valid
        self.image = image
        self.minimum_lesion_volume_mm3 = minimum_lesion_volume_mm3
        self.slice_axis = slice_axis
        self._spacing_mm = spacing_mm
        self._results: dict[Callable[[LabelMasks], object], object] = {}

    @property
    def spacing(self) -> npt.NDArray[np.float64]:
        """Distance between neighbouring pixels in mm (axes,).

        Raises:
            ValueError: It is not known, or not one positive, finite number per axis.
        """
        if self._spacing_mm is None:
            raise ValueError("the pixel spacing of this image is not known")
        return checked_spacing(self._spacing_mm, self.reference.ndim)

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
