"""One synthetic case."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class PhantomCase:
    """Image and label mask of one synthetic case, with spacing in mm per spatial axis.

    `image` is (H, W), (H, W, 3), or (X, Y, Z) with RAS+ axes; `facts` hold
    reference values known by construction, such as the head circumference.
    """

    image: npt.NDArray[np.float32]
    mask: npt.NDArray[np.uint8]
    spacing_mm: tuple[float, ...]
    facts: Mapping[str, str | float]

    @classmethod
    def of(
        cls,
        image: npt.NDArray[np.floating],
        mask: npt.NDArray[np.generic],
        spacing_mm: tuple[float, ...],
        facts: Mapping[str, str | float],
    ) -> "PhantomCase":
        """A case in the stored number types."""
        return cls(image.astype(np.float32), mask.astype(np.uint8), spacing_mm, facts)
