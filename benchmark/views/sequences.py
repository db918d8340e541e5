"""A board's sequences as text and figures: terminal, Markdown, CSV, SVG and PNG."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmark.files import write_text
from benchmark.leaderboard.sequences import SequenceReport
from benchmark.scoring.metrics import Metric
from benchmark.statistics.bootstrap import Estimate
from benchmark.statistics.forgetting import SequenceScores, estimate
from benchmark.views.figures.catalogue import write_figures
from benchmark.views.figures.frame import Drawing, NotDrawn
from benchmark.views.figures.heat_maps import forgetting_matrix
from benchmark.views.figures.style import with_direction
from benchmark.views.terminal import print_table
from benchmark.views.text import TextTable, escape_markdown, format_estimate, markdown_section

MEASURES = ("average", "backward transfer", "forgetting", "against joint", "against alone")
METHOD = (
    "R[i, j]: score on device j after stage i, mean over subjects and seeds. Average: after the "
    "last stage. Backward transfer: what later stages added to devices learned before them. "
    "Forgetting: the best score at an earlier stage, less the last. Against joint, alone: paired "
    "difference of the average to that of one network trained on all devices together, and of a "
    "network a device. 95 % intervals: bootstrap over subjects with the seeds' noise; "
    "two seeds that differ much leave them wide."
)


def sequence_tables(report: SequenceReport) -> list[TextTable]:
    """A summary of all sequences, then the matrix R[i, j] of each source and strategy."""
    digits = report.metric.number_format
    heads = ["source", "strategy", "sequence", *MEASURES, "seeds"]
    rows = []
    for row in report.rows:
        signs = [digits, *(["+" + digits] * (len(MEASURES) - 1))]
        cells = [
            format_estimate(row.measures.get(m), s) for m, s in zip(MEASURES, signs, strict=True)
        ]
        own = [mark for mark in report.marks[row.entry] if mark != "synthetic"]
        source = row.entry[0] + (f" ({', '.join(own)})" if own else "")
        seeds = f"{len(row.seeds)} of {len(report.board.seeds)}"
        rows.append([source, row.entry[1], row.sequence, *cells, seeds])
    made = " (SYNTHETIC)" if report.synthetic else ""
    tables = [TextTable(with_direction(report.metric) + made, heads, rows)]
    for (source, strategy), trained in report.trained.items():
        heads = ["sequence", "stage: trained on", *report.board.devices]
        rows = [
            [name, f"{place}: {' + '.join(stage)}", *(format_estimate(r, digits) for r in cells)]
            for name, one in trained.items()
            for place, (stage, cells) in enumerate(stage_scores(one, report.metric), start=1)
        ]
        tables.append(TextTable(f"R[i, j] of {source} / {strategy}{made}", heads, rows))
    return tables


def stage_scores(
    one: SequenceScores, metric: Metric
) -> Iterator[tuple[tuple[str, ...], list[Estimate | None]]]:
    """Stage by stage what was learned, and the score on each device."""
    bounds = metric.bounds
    for place, stage in enumerate(one.stages):
        yield stage, [estimate({d: s[:, place]}, bounds) for d, s in one.scores.items()]


def footer(report: SequenceReport) -> str:
    """How the numbers were made, how long stages are, and how many runs are missing."""
    joint = (
        "Every stage takes the same number of steps, a joint one too: it sees each device less."
        if report.board.protocol.steps
        else "Every stage takes the same number of epochs: a joint one takes as many steps as the "
        "stages of its devices together."
    )
    lack = f" Missing runs of the board: {len(report.missing)}." if report.missing else ""
    return f"{METHOD} {joint}{lack}"


def print_sequences(report: SequenceReport, console: Console) -> None:
    """Print every table."""
    console.rule(escape(report.title), align="left")
    interval = 16 if console.width >= 150 else 8  # characters of an interval, or of half of one
    widths = {name: max(interval, *map(len, name.split())) for name in MEASURES} | {"seeds": 6}
    for table in sequence_tables(report):
        print_table(table, console, widths)
    console.print(footer(report), highlight=False, markup=False)


def sequence_markdown(report: SequenceReport) -> str:
    """All tables in Markdown."""
    lines = [f"# {escape_markdown(report.title)}", ""]
    lines += [escape_markdown(report.board.description), ""]
    for table in sequence_tables(report):
        lines += markdown_section(table)
    return "\n".join([*lines, footer(report), ""])


def sequence_csv(report: SequenceReport) -> str:
    """All numbers, one a line: the measures of each sequence, and R[i, j]."""
    text = StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(["source", "strategy", "sequence", "measure", "stage", "device", "metric", "value", "low",
           "high", "covers", "seeds"])  # fmt: skip

    def line(row: Sequence[object], found: Estimate | None, seeds: Sequence[int]) -> None:
        if found is not None:
            bounds = ["" if x is None else f"{x:.6f}" for x in (found.low, found.high)]
            write([*row, report.metric.name, f"{found.value:.6f}", *bounds, found.covers,
                   " ".join(map(str, seeds))])  # fmt: skip

    for row in report.rows:
        for measure, found in row.measures.items():
            line([*row.entry, row.sequence, measure, "", ""], found, row.seeds)
    for entry, trained in report.trained.items():
        for name, one in trained.items():
            for place, (_, cells) in enumerate(stage_scores(one, report.metric), start=1):
                for device, found in zip(one.scores, cells, strict=True):
                    line([*entry, name, "R", place, device], found, one.seeds)
    return text.getvalue()


def sequence_figures(report: SequenceReport) -> Iterator[Drawing | NotDrawn]:
    """The matrix of every sequence that learns device after device."""
    for (source, strategy), trained in report.trained.items():
        for name, one in trained.items():
            if len(one.stages) < 2 or any(len(stage) > 1 for stage in one.stages):
                continue
            order = [device for (device,) in one.stages]
            places = [list(one.scores).index(device) for device in order]
            made = " (SYNTHETIC)" if "synthetic" in report.marks[source, strategy] else ""
            title = f"{report.board.id}: {name}, {source} / {strategy}{made}"
            drawn = forgetting_matrix(one.matrix[:, places], order, report.metric, title)
            file = f"{name}-{source}-{strategy}"
            if isinstance(drawn, NotDrawn):
                yield NotDrawn(file, drawn.why)
            else:
                yield Drawing(file, drawn.title, drawn.figure)


def write_sequences(folder: Path, report: SequenceReport) -> list[NotDrawn]:
    """Write README.md, sequences.csv and the figures below `sequences/`; what was left out.

    Raises:
        RecordError: A file cannot be written.
    """
    place = folder / "sequences"
    write_text(place / "sequences.csv", sequence_csv(report))
    write_text(place / "README.md", sequence_markdown(report))
    return write_figures(place / "figures", sequence_figures(report))[1]
