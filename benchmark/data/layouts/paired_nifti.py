"""NIfTI images or Analyze pairs with masks on the same grid, BIDS folders included."""

import numpy as np

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import PairedNifti
from benchmark.data.cases import Case, LoadedCase, is_volume
from benchmark.data.layouts.case_files import load_files
from benchmark.data.layouts.file_patterns import find_by_pattern
from benchmark.data.layouts.registry import LayoutReader
from benchmark.errors import DataError


def load(card: DatasetCard, case: Case) -> LoadedCase:
    """Read one volume and its masks; with `single_slice` its only slice, as a picture.

    Raises:
        DataError: See `load_files`; or a file of several slices where one is expected.
    """
    volume = load_files(card, case)
    assert isinstance(card.layout, PairedNifti) and case.image is not None
    if not card.layout.single_slice or not is_volume(case.image):
        return volume
    assert volume.spacing_mm is not None
    if 1 not in volume.image.shape:
        raise DataError(f"{case.image}: shape {volume.image.shape}; its card says single_slice")
    across = volume.image.shape.index(1)
    columns, rows = (mm for axis, mm in enumerate(volume.spacing_mm) if axis != across)
    return LoadedCase(
        image=np.rot90(volume.image.take(0, across)),
        mask=np.rot90(volume.mask.take(0, across)),
        spacing_mm=(rows, columns),
        facts=volume.facts,
    )


LAYOUT = LayoutReader(find_by_pattern, load)
