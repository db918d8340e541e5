"""Preview of a data set: some cases of each subset, one slice of each, as contact sheets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.problem import Intensity
from benchmark.cards.registry import SUBSETS, Registry
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import load_case
from benchmark.data.preprocessing import scale_intensity
from benchmark.data.resolve import resolve_dataset
from benchmark.data.slices import Axis, plane_spacing, to_slices
from benchmark.views.figures.contact_sheet import Tile, contact_sheet
from benchmark.views.figures.frame import write_figure
from benchmark.views.figures.outlines import fullest_slice
from benchmark.workers import Progress, in_order, no_progress
from benchmark.workspace import Workspace


def preview(
    workspace: Workspace,
    name: str,
    out: Path,
    cases: int = 12,
    progress: Progress = no_progress,
) -> list[Path]:
    """Draw a contact sheet of each subset as `<out>/<name>_<subset>.png`; only its cases are read.

    Args:
        workspace: All cards and local data.
        name: Id of the data set.
        out: Folder for the sheets.
        cases: How many of each subset, evenly over its sorted names.
        progress: Called with the cases drawn and in all.

    Returns:
        The files written.

    Raises:
        DataError: The data set is not on this machine, or a case cannot be read.
        RecordError: A sheet cannot be written.
    """
    data = resolve_dataset(workspace, name, legacy=True)  # only looked at, not learned from
    subsets = [(subset, sorted(data.names(subset))) for subset in SUBSETS]
    sheets = [(subset, names, evenly(names, cases)) for subset, names in subsets if names]
    window = grey_window(workspace.registry, name)
    to_read = [data.cases[case] for _, _, chosen in sheets for case in chosen]
    all_tiles = in_order(lambda case: make_tile(data.card, case, window), to_read)
    drawn, paths = 0, []
    for subset, names, chosen in sheets:
        tiles = []
        for _ in chosen:
            tiles.append(next(all_tiles))
            drawn += 1
            progress(f"drawing {name}", drawn, len(to_read))
        sheet = contact_sheet(data.card, subset, tiles, len(names))
        paths.append(write_figure(sheet, out / f"{name}_{subset}.png"))
    return paths


def evenly(names: Sequence[str], count: int) -> list[str]:
    """At most `count` names, from the first to the last at equal steps."""
    if len(names) <= count:
        return list(names)
    return [names[int(k)] for k in np.linspace(0, len(names) - 1, count).round()]


def grey_window(registry: Registry, name: str) -> Intensity:
    """The window of the first target task (by id) on a data set, else percentiles 1 to 99."""
    for _, target in sorted(registry.targets.items()):
        if target.dataset == name:
            return target.intensity
    return Intensity(kind="percentile", low=1, high=99)


def make_tile(card: DatasetCard, case: Case, window: Intensity) -> Tile:
    """Read a case; of a volume, take the axial slice with the most mask, else the middle one.

    Raises:
        DataError: The case cannot be read.
    """
    loaded = load_case(card, case)
    axis: Axis | None = "axial" if loaded.is_volume else None
    images = to_slices(scale_intensity(loaded.image, window), axis)
    masks = np.stack(to_slices(loaded.mask, axis)).astype(np.uint8, copy=False)
    number = fullest_slice(masks)
    rows, columns = plane_spacing(loaded, axis)
    order = slice(None) if axis else slice(None, None, -1)  # width before height
    size = " x ".join(str(length) for length in loaded.mask.shape[order])
    spacing = "spacing unknown"
    if loaded.spacing_mm:
        spacing = " x ".join(f"{step:.3g}" for step in loaded.spacing_mm[order]) + " mm"
    lines = [case.case, f"{size} {'voxels' if axis else 'px'}", spacing]
    if axis:
        lines.append(f"axial {number + 1} of {len(masks)}, left on left")
    if (kind := loaded.facts.get("class")) is not None:
        lines.append(f"class {kind}")
    image = np.ascontiguousarray(images[number], np.float32)
    return Tile(image, masks[number], rows / columns, tuple(lines))
