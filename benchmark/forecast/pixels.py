"""Which pixels of which training cases a forecast is made from: a fixed, balanced sample."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.data.preprocessing import IGNORE
from benchmark.data.splits import hashed_order
from benchmark.errors import DataError

CASES, SLICES, PIXELS, SEED = 32, 4, 32, 0
Indices = npt.NDArray[np.int64]


class SlicePixels(NamedTuple):
    """The sampled pixels of one slice.

    Attributes:
        row: Of the slice in the prepared arrays.
        case: Number of its case in the sample.
        at: Rows and columns of the pixels (pixels, 2).
        labels: Their labels (pixels,).
    """

    row: int
    case: int
    at: Indices
    labels: Indices


def sample_pixels(prepared: PreparedDataset, names: Sequence[str]) -> list[SlicePixels]:
    """At most 32 cases, 4 slices of each with a label, and 32 pixels of each class of a case.

    Cases are taken in the order of a hash of their names, slices evenly spaced among those that
    hold a label (all, if none does), and pixels at random with a fixed seed, at the resolution of
    the prepared images. Background counts as a class, ignored pixels do not.

    Args:
        prepared: Arrays of the target's data set.
        names: The training cases.

    Raises:
        DataError: They hold fewer than two classes.
    """
    cases = {case.case: case for case in prepared.cases}
    chosen = [cases[name] for name in hashed_order(names)[:CASES]]
    sample = [pixels for number, case in enumerate(chosen)
              for pixels in _of_case(prepared, case, number)]  # fmt: skip
    if len({label for pixels in sample for label in pixels.labels.tolist()}) < 2:
        raise DataError(
            f"{len(chosen)} training cases hold fewer than two classes; a forecast needs a label "
            "and background"
        )
    return sample


def _of_case(prepared: PreparedDataset, case: PreparedCase, number: int) -> Iterator[SlicePixels]:
    masks = np.array(prepared.masks[case.first : case.first + case.slices])
    labelled = np.flatnonzero(((masks > 0) & (masks != IGNORE)).any(axis=(1, 2)))
    usable = labelled if len(labelled) else np.arange(len(masks))
    rows = usable[np.linspace(0, len(usable) - 1, min(SLICES, len(usable))).round().astype(int)]
    rng = np.random.default_rng([SEED, number])
    drawn = []
    for label in np.unique(masks[rows]):
        if label != IGNORE:
            places = np.argwhere(masks[rows] == label)
            drawn.append(rng.permutation(places)[:PIXELS])
    places = np.concatenate(drawn)
    for index, row in enumerate(rows.tolist()):
        at = places[places[:, 0] == index, 1:]
        labels = masks[row][at[:, 0], at[:, 1]].astype(np.int64)
        yield SlicePixels(case.first + row, number, at, labels)
