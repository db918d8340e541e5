"""Pictures of a cell: its best, median and worst test case, reference and prediction outlined.

They are for looking at, lie beside the records, and are never part of one. They show the data
set's images: whoever passes a board's folder on passes these on too.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmark.data.layouts.registry import load_case
from benchmark.data.preprocessing import IGNORE, Preprocessing, merge_labels, scale_intensity
from benchmark.data.resolve import ResolvedDataset
from benchmark.data.slices import plane_spacing, to_slices
from benchmark.files import replacing
from benchmark.planning.transfers import Transfer
from benchmark.records.record import RunRecord
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.contact_sheet import COLOURS, Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Labels = npt.NDArray[np.uint8]
REFERENCE, PREDICTION = "#56B4E9", "#E69F00"
PANEL = 2.5  # inches
DPI = 110


@dataclass(frozen=True)
class Overlay:
    """One slice of a case: picture in [0, 1], reference and prediction with labels 1 ... L."""

    picture: npt.NDArray[np.float32]
    reference: Labels
    prediction: Labels
    aspect: float
    title: str


def picture_path(folder: Path, record: RunRecord) -> Path:
    """Where the picture of a record's cell lies below a folder of pictures."""
    return folder / Path(record.cell.path).with_suffix(".png")


def write_overlays(
    folder: Path,
    record: RunRecord,
    transfer: Transfer,
    opened: ResolvedDataset,
    predict: Callable[[str], Labels],
) -> None:
    """Draw the best, median and worst test case of a finished cell.

    A picture that cannot be written is warned of; it costs no cell.

    Args:
        folder: Of all pictures of a board.
        record: Says which cases these are.
        transfer: The cell.
        opened: The target's data.
        predict: Gives the predicted labels (slices, rows, columns) of a case.
    """
    chosen = best_median_worst(record)
    overlays = [make_overlay(transfer, opened, case, text, predict(case)) for case, text in chosen]
    path = picture_path(folder, record)
    try:
        figure = draw(overlays, tuple(transfer.target.labels), footer(record))
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", metadata={"Software": None})
    except OSError as error:
        warnings.warn(f"{path}: picture not written ({error.strerror or error})", stacklevel=2)


def best_median_worst(record: RunRecord) -> list[tuple[str, str]]:
    """Names of the cases by the main metric, each with a line that says what it is.

    Labels are averaged; ties go by name. Fewer than three cases give fewer pictures.
    """
    metric = METRICS[record.main_metric]
    found: dict[str, list[float]] = {}
    for case in record.cases:
        found.setdefault(case.case, []).append(case.scores[record.main_metric])
    means = {name: float(np.mean(scores)) for name, scores in found.items()}
    order = sorted(means, key=lambda name: (-metric.sign * means[name], name))
    places = {0: "best", len(order) - 1: "worst", (len(order) - 1) // 2: "median"}
    if len(order) < 3:
        places = dict(zip(range(len(order)), ("best", "worst"), strict=False))
    return [
        (name, f"{places[place]}: {metric.title} {means[name]:.3g}{metric.unit_suffix}")
        for place, name in enumerate(order)
        if place in places
    ]


def make_overlay(
    transfer: Transfer, opened: ResolvedDataset, case: str, text: str, planes: Labels
) -> Overlay:
    """The case's slice with the most reference, or else the most prediction."""
    target, card = transfer.target, opened.card
    how = Preprocessing(tuple(target.labels.items()), target.intensity, target.slice_axis, 0)
    loaded = load_case(card, opened.cases[case])
    images = to_slices(scale_intensity(loaded.image, target.intensity), target.slice_axis, case)
    merged = np.stack(to_slices(merge_labels(loaded.mask, card, how), target.slice_axis, case))
    reference = np.where(merged == IGNORE, 0, merged).astype(np.uint8)
    number = fullest(reference, planes)
    rows, columns = plane_spacing(loaded, target.slice_axis)
    lines = [text, f"case {case}"]
    if len(planes) > 1:
        lines.append(f"{target.slice_axis} {number + 1} of {len(planes)}")
    return Overlay(
        np.ascontiguousarray(images[number], np.float32), reference[number], planes[number],
        rows / columns, "\n".join(lines),
    )  # fmt: skip


def fullest(reference: Labels, prediction: Labels) -> int:
    """The slice with the most reference; without any, with the most prediction; else the middle."""
    for planes in (reference, prediction):
        covered = (planes > 0).sum(axis=(1, 2))
        if covered.any():
            return int(covered.argmax())
    return len(reference) // 2


def footer(record: RunRecord) -> str:
    """Which cell this is, and what must be known of it."""
    cell, marks = record.cell, record.marks
    size = f"{cell.train_subjects} training subjects" if cell.train_subjects else "all subjects"
    words = [f"{cell.target}: {cell.source}, {cell.strategy}, {size}, seed {cell.seed}"]
    words += ["SYNTHETIC"] if marks.synthetic else []
    words += ["contaminated"] if marks.contamination else []
    words += [f"UNRANKED ({reason})" for reason in marks.unranked]
    return "; ".join(words)


def draw(overlays: Sequence[Overlay], labels: Sequence[str], foot: str) -> "Figure":
    """One row of pictures with a legend; several labels have a colour each."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    several = len(labels) > 1
    tallest = max(float(o.reference.shape[0] * o.aspect / o.reference.shape[1]) for o in overlays)
    width, height = PANEL * max(2, len(overlays)), PANEL * min(1.4, max(0.4, tallest))
    one, two = ("black", "black") if several else (REFERENCE, PREDICTION)
    keys: list[tuple[str, str, Line]] = [("reference", one, "solid"), ("prediction", two, "dashed")]
    if several:
        keys += [(n, COLOURS[k % len(COLOURS)], "solid") for k, n in enumerate(labels[:6])]
    lines = -(-len(keys) // 4)
    whole = height + 0.75 + 0.17 * lines
    figure = Figure(figsize=(width, whole), dpi=DPI, facecolor="white")
    step = 1 / max(2, len(overlays))
    for number, overlay in enumerate(overlays):
        left, bottom = number * step + 0.01, (0.28 + 0.17 * lines) / whole
        axes = figure.add_axes((left, bottom, step - 0.02, height / whole))
        _outline(axes, overlay, len(labels))
    figure.legend(
        handles=[
            Line2D([], [], color=colour, linestyle=line, label=name[:24])
            for name, colour, line in keys
        ],
        loc="lower left",
        bbox_to_anchor=(0.0, 0.2 / float(whole)),
        ncols=min(4, len(keys)),
        fontsize=7,
        frameon=False,
        borderaxespad=0.1,
    )
    figure.text(0.01, 0.05 / whole, foot, fontsize=6.5, color="0.3", parse_math=False)
    return figure


def _outline(axes: "Axes", overlay: Overlay, labels: int) -> None:
    axes.imshow(overlay.picture, cmap="gray", vmin=0, vmax=1, aspect=overlay.aspect)
    for label in range(1, labels + 1):
        colour = COLOURS[(label - 1) % len(COLOURS)]
        pairs = ((overlay.reference, REFERENCE, "solid", 1.4),
                 (overlay.prediction, PREDICTION, "dashed", 1.2))  # fmt: skip
        for mask, own, style, line in pairs:
            inside = np.pad((mask == label).astype(np.float32), 1)
            if inside.any():
                axes.contour(
                    np.arange(-1, inside.shape[1] - 1), np.arange(-1, inside.shape[0] - 1), inside,
                    levels=[0.5], colors=[own if labels == 1 else colour], linestyles=style,
                    linewidths=line,
                )  # fmt: skip
    axes.set_xlim(-0.5, overlay.reference.shape[1] - 0.5)
    axes.set_ylim(overlay.reference.shape[0] - 0.5, -0.5)
    axes.set_axis_off()
    axes.set_anchor("N")
    axes.set_title(overlay.title, fontsize=7.5, loc="left", pad=3, parse_math=False)
