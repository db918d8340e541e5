"""What is kept of each case when a local copy is registered."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.cards.dataset import DatasetCard
from benchmark.data.cases import Case
from benchmark.data.copy_files import content_of
from benchmark.data.layouts.registry import load_case
from benchmark.data.near_duplicates import thumbnail
from benchmark.data.slices import Axis, check_axis
from benchmark.workers import Progress, in_order
from benchmark.workspace import Workspace


class CaseSummary(NamedTuple):
    """What is kept of a case that was read; spacing in mm, empty where it is unknown.

    `grey_values` are the smallest and the largest, `labels` the mask values that occur.
    """

    thumbnail: npt.NDArray[np.uint8]
    spacing_mm: tuple[float, ...]
    sha256: str
    grey_values: tuple[float, float]
    labels: tuple[int, ...]


def summarise_cases(
    workspace: Workspace, card: DatasetCard, cases: Mapping[str, Case], progress: Progress
) -> dict[str, CaseSummary]:
    """Read these cases, in the order of their names, and keep a summary of each.

    Args:
        workspace: All cards; a case must fit each target's slice axis.
        card: Of their data set.
        cases: By name.
        progress: Gets the cases read and in total.

    Raises:
        DataError: A case is not what the card describes.
    """
    names, summaries = sorted(cases), dict[str, CaseSummary]()
    axes = [t.slice_axis for t in workspace.registry.targets.values() if t.dataset == card.id]
    read = in_order(lambda case: _summarise(card, cases[case], axes), names)
    for name, summary in zip(names, read, strict=True):
        summaries[name] = summary
        progress(f"reading {card.id}", len(summaries), len(names))
    return summaries


def _summarise(card: DatasetCard, case: Case, axes: Sequence[Axis | None]) -> CaseSummary:
    loaded = load_case(card, case)
    for axis in axes:
        check_axis(loaded, axis, case.case)
    seen = np.zeros(256, bool)
    seen[loaded.mask] = True
    return CaseSummary(
        thumbnail(loaded.image, volume=loaded.is_volume),
        loaded.spacing_mm or (),
        content_of(case),
        (float(loaded.image.min()), float(loaded.image.max())),
        tuple(np.flatnonzero(seen).tolist()),
    )
