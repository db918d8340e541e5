"""Pictures of a cell: its best, median and worst test case, reference and prediction outlined.

They lie next to the records and are never part of one. They show the data set's images: whoever
passes a board's folder on passes these on too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.layouts.registry import load_case
from benchmark.data.preprocessing import IGNORE, Preprocessing, merge_labels, scale_intensity
from benchmark.data.resolve import ResolvedDataset
from benchmark.data.slices import plane_spacing, to_slices
from benchmark.planning.transfers import Transfer
from benchmark.records.predictions import Labels
from benchmark.records.record import MARK_NAMES, RunRecord
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures import frame, outlines

LEGEND_LABELS = 6


@dataclass(frozen=True)
class Overlay:
    """One slice of a case: image in [0, 1], reference and prediction with labels 1 ... L."""

    image: outlines.Image
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

    Args:
        folder: Of all pictures of a board.
        record: Has the scores of the cases.
        transfer: The cell.
        opened: The target's data.
        predict: Gives the predicted labels (slices, rows, columns) of a case.

    Raises:
        RecordError: The picture cannot be written.
    """
    chosen = best_median_worst(record)
    overlays = [make_overlay(transfer, opened, case, text, predict(case)) for case, text in chosen]
    figure = draw_overlays(overlays, tuple(transfer.target.labels), caption(record))
    frame.write_figure(figure, picture_path(folder, record))


def best_median_worst(record: RunRecord) -> list[tuple[str, str]]:
    """Names of the cases by the main metric, each with its rank and score in words.

    Labels are averaged; ties go by name. Fewer than three cases give fewer pictures.
    """
    metric, means = METRICS[record.main_metric], record.case_means()
    order = sorted(means, key=lambda name: (-metric.sign * means[name], name))
    ranks = {0: "best", len(order) - 1: "worst", (len(order) - 1) // 2: "median"}
    if len(order) < 3:
        ranks = dict(zip(range(len(order)), ("best", "worst"), strict=False))
    unit = f" {metric.unit}" if metric.unit else ""
    return [
        (order[rank], f"{ranks[rank]}: {metric.title} {means[order[rank]]:.3g}{unit}")
        for rank in sorted(ranks)
    ]


def make_overlay(
    transfer: Transfer, opened: ResolvedDataset, case: str, text: str, planes: Labels
) -> Overlay:
    """The case's slice with the most reference, or else the most prediction."""
    target, card = transfer.target, opened.card
    rules = Preprocessing.of_target(target)
    loaded = load_case(card, opened.cases[case])
    images = to_slices(scale_intensity(loaded.image, target.intensity), target.slice_axis)
    merged = np.stack(to_slices(merge_labels(loaded.mask, card, rules), target.slice_axis))
    reference = np.where(merged == IGNORE, 0, merged).astype(np.uint8)
    number = outlines.fullest_slice(reference, planes)
    rows, columns = plane_spacing(loaded, target.slice_axis)
    lines = [text, f"case {case}"]
    if len(planes) > 1:
        lines.append(f"{target.slice_axis} {number + 1} of {len(planes)}")
    return Overlay(
        np.ascontiguousarray(images[number], np.float32), reference[number], planes[number],
        rows / columns, "\n".join(lines),
    )  # fmt: skip


def caption(record: RunRecord) -> str:
    """Which cell this is, and its marks."""
    cell, marks = record.cell, record.marks
    size = f"{cell.train_subjects} training subjects" if cell.train_subjects else "all subjects"
    lane = "" if cell.lane == "unet" else f"lane {cell.lane}, "
    words = [f"{cell.target}: {cell.source}, {cell.strategy}, {lane}{size}, seed {cell.seed}"]
    words += ["SYNTHETIC"] if marks.synthetic else []
    words += ["contaminated"] if marks.contamination else []
    words += [MARK_NAMES["unchecked"]] if marks.unchecked else []
    words += [f"UNRANKED ({reason})" for reason in marks.unranked]
    return "; ".join(words)


def draw_overlays(
    overlays: Sequence[Overlay], labels: Sequence[str], heading: str
) -> "frame.Figure":
    """One row of pictures with a legend; several labels have a colour each."""
    with frame.drawing_rules():
        several = len(labels) > 1
        reference, prediction = (frame.BLACK, frame.BLACK) if several else (frame.SKY, frame.ORANGE)
        legend = [frame.legend_handle("reference", reference, line="solid"),
                  frame.legend_handle("prediction", prediction, line="dashed")]  # fmt: skip
        if several:
            legend += [frame.legend_handle(name[:24], outlines.label_style(number)[0], line="solid")
                       for number, name in enumerate(labels[:LEGEND_LABELS])]  # fmt: skip
        pictures = [_outlined(overlay, len(labels)) for overlay in overlays]
        figure = outlines.draw_outlined(pictures, max(2, len(overlays)))
        frame.finish(figure, heading, (), legend)
    return figure


def _outlined(overlay: Overlay, labels: int) -> outlines.OutlinedImage:
    borders = []
    for label in range(1, labels + 1):
        colour = outlines.label_style(label - 1)[0]
        reference, prediction = (frame.SKY, frame.ORANGE) if labels == 1 else (colour, colour)
        borders.append(outlines.Outline(overlay.reference == label, reference, "solid", 1.4))
        borders.append(outlines.Outline(overlay.prediction == label, prediction, "dashed", 1.2))
    return outlines.OutlinedImage(overlay.image, overlay.aspect, overlay.title, borders)
