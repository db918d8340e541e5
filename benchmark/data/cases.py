"""What is known of one case, before and after its pixels are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

VOLUMES = (".nii", ".nii.gz", ".img")


def is_volume(path: Path) -> bool:
    """Whether a file holds a volume (NIfTI or Analyze) and not a picture."""
    return path.name.lower().endswith(VOLUMES)


class MaskFile(NamedTuple):
    """One mask of a case; `label` where whatever is not 0 in it is that label."""

    path: Path
    label: str | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """Where one case's files are and what is known of it; phantoms have no files.

    `series` are the files of an image that has one file a slice, in the order of their names;
    `image` is the first of them.
    """

    case: str
    subject: str
    image: Path | None = None
    series: tuple[Path, ...] = ()
    masks: tuple[MaskFile, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the case is read from."""
        image = (self.image,) if self.image else ()
        return (*(self.series or image), *(mask.path for mask in self.masks))


@dataclass(frozen=True, kw_only=True)
class LoadedCase:
    """Pixels of one case.

    `image` is (H, W), (H, W, 3) for colour, or (X, Y, Z) in RAS+ orientation; `mask` has the
    same spatial shape and the card's label values; `spacing_mm` is per spatial axis, None where
    the data set does not give it. `facts` are the case's, and what reading it has shown.
    A volume of three slices has the shape of a colour picture: its mask tells them apart.
    """

    image: npt.NDArray[np.float32]
    mask: npt.NDArray[np.uint8]
    spacing_mm: tuple[float, ...] | None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_volume(self) -> bool:
        """Whether it has three spatial axes."""
        return self.mask.ndim == 3
