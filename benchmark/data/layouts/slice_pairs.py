"""Which mask picture belongs to which slice of a DICOM series."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.errors import DataError


def pair_slices(masks: Sequence[Path], slices: Sequence[Path]) -> dict[Path, Path]:
    """The slice of each mask picture, by the names of the files.

    Equal names make a pair. Otherwise both are taken in the order of the one number that differs
    between the names of a folder (2 before 10), if these numbers run alike: with a constant
    difference, or both in equal steps.

    Args:
        masks: One for each slice.
        slices: The files of one series.

    Raises:
        DataError: The names do not tell the pairs.
    """
    by_name = {path.stem: path for path in slices}
    if len(by_name) == len(slices) and {path.stem for path in masks} == by_name.keys():
        return {path: by_name[path.stem] for path in masks}
    of_masks, of_slices = _running_numbers(masks), _running_numbers(slices)
    if of_masks is not None and of_slices is not None:
        first, second = np.sort(of_masks), np.sort(of_slices)
        steps = {*np.diff(first).tolist()}, {*np.diff(second).tolist()}
        if len({*(first - second).tolist()}) == 1 or max(map(len, steps)) <= 1:
            order = zip(np.argsort(of_masks), np.argsort(of_slices), strict=True)
            return {masks[i]: slices[j] for i, j in order}
    raise DataError(
        f"{masks[0]}: the names of mask pictures and slices ({slices[0].name}, ...) do not tell "
        "which belong together; name each picture as its slice, or number both alike"
    )


def _running_numbers(files: Sequence[Path]) -> np.ndarray[tuple[int], np.dtype[np.object_]] | None:
    """The number in each name that no two files share, if there is just one that varies."""
    numbers = [[int(digits) for digits in re.findall(r"\d+", path.stem)] for path in files]
    if len({len(row) for row in numbers}) != 1:
        return None
    varying = [column for column in zip(*numbers, strict=True) if len({*column}) > 1]
    if len(varying) != 1 or len({*varying[0]}) < len(files):
        return None
    return np.array(varying[0], object)
