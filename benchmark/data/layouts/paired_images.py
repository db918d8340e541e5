"""Pictures (PNG, JPEG, TIFF) with mask pictures of the same size."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import PairedImages
from benchmark.data.cases import Case, LoadedCase
from benchmark.data.layouts.case_files import load_files
from benchmark.data.layouts.file_patterns import find_by_pattern
from benchmark.data.layouts.registry import LayoutReader
from benchmark.errors import DataError


def load(card: DatasetCard, case: Case) -> LoadedCase:
    """Read one picture and its masks; soft masks are thresholded and outlines filled.

    Raises:
        DataError: See `load_files` and `fill_outline`.
    """
    layout = card.layout
    assert isinstance(layout, PairedImages)

    def to_labels(values: npt.NDArray[np.uint8], path: Path) -> npt.NDArray[np.uint8]:
        """Mask values (H, W) of the card, from grey levels if the layout has a threshold."""
        if layout.threshold is not None:
            label = next(iter(card.labels.values()))  # all others have files of their own
            values = np.where(values >= layout.threshold, label, 0).astype(np.uint8)
        return fill_outline(values, path) if layout.fill_outline else values

    return load_files(card, case, layout.spacing_mm, to_labels)


def fill_outline(mask: npt.NDArray[np.uint8], path: Path) -> npt.NDArray[np.uint8]:
    """Fill a closed contour; one that leaves the picture is closed along the picture's edge.

    Args:
        mask: (H, W); what is not 0 is the contour.
        path: Its file, for the message.

    Returns:
        (H, W): the contour and its inside have the contour's largest value. All 0 if `mask` is.

    Raises:
        DataError: The contour is open, so nothing would be filled.
    """
    outline = mask > 0
    walled = np.pad(outline, 1)
    for side, edge in ((0, outline[0]), (-1, outline[-1])):
        walled[side] = edge.any()
    for side, edge in ((0, outline[:, 0]), (-1, outline[:, -1])):
        walled[:, side] |= edge.any()
    regions, count = ndimage.label((ndimage.binary_fill_holes(walled) & ~walled)[1:-1, 1:-1])
    filled = ndimage.binary_fill_holes(outline)
    if count:  # a corner of the picture can be cut off too; the contour's inside is larger
        filled |= regions == 1 + np.bincount(regions.ravel())[1:].argmax()
    if filled.sum() == outline.sum() and mask.any():
        raise DataError(f"{path}: the outline is not closed, nothing can be filled")
    return np.where(filled, mask.max(), 0).astype(np.uint8)


LAYOUT = LayoutReader(find_by_pattern, load)
