"""A board's sequences as text and figures: terminal, Markdown, CSV, SVG and PNG."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmark.files import csv_text, write_text
from benchmark.leaderboard.sequences import SequenceReport
from benchmark.scoring.metrics import Metric
from benchmark.statistics.forgetting import SequenceScores, estimate
from benchmark.statistics.intervals import Estimate
from benchmark.views.figures.catalogue import write_figures
from benchmark.views.figures.frame import Drawing
from benchmark.views.figures.heat_maps import forgetting_matrix
from benchmark.views.figures.style import with_direction
from benchmark.views.terminal import print_table
from benchmark.views.text import TextTable, escape_markdown, format_estimate, markdown_section

MEASURES = ("average", "backward transfer", "forgetting", "against joint", "against alone")
METHOD = (
    "R[i, j]: score on device j after stage i, mean over subjects and seeds. Average: after the "
    "last stage. Backward transfer: what later stages added to devices learned before them. "
    "Forgetting: the best score at an earlier stage minus the last. Against joint, alone: paired "
    "difference of the average to that of one network trained on all devices together, and of a "
    "network per device. 95 % intervals: bootstrap over subjects with the seeds' noise; "
    "two seeds that differ much leave them wide."
)


def sequence_tables(report: SequenceReport) -> list[TextTable]:
    """A summary of all sequences, then the matrix R[i, j] of each source and strategy."""
    digits = report.metric.number_format
    styles = [digits, *["+" + digits] * (len(MEASURES) - 1)]
    summary = []
    for row in report.rows:
        estimates = map(row.measures.get, MEASURES)
        marks = [mark for mark in report.marks[row.entry] if mark != "synthetic"]
        source = row.entry[0] + (f" ({', '.join(marks)})" if marks else "")
        seeds = f"{len(row.seeds)} of {len(report.board.seeds)}"
        summary.append(
            [source, row.entry[1], row.sequence, *map(format_estimate, estimates, styles), seeds]
        )
    synthetic = " (SYNTHETIC)" if report.synthetic else ""
    columns = ["source", "strategy", "sequence", *MEASURES, "seeds"]
    tables = [TextTable(with_direction(report.metric) + synthetic, columns, summary)]
    columns = ["sequence", "stage: trained on", *report.board.devices]
    for (source, strategy), trained in report.trained.items():
        rows = [
            [name, f"{number}: {' + '.join(stage)}",
             *(format_estimate(score, digits) for score in scores.values())]
            for name, sequence in trained.items()
            for number, (stage, scores) in enumerate(stage_scores(sequence, report.metric), start=1)
        ]  # fmt: skip
        tables.append(TextTable(f"R[i, j] of {source} / {strategy}{synthetic}", columns, rows))
    return tables


def stage_scores(
    sequence: SequenceScores, metric: Metric
) -> Iterator[tuple[tuple[str, ...], dict[str, Estimate | None]]]:
    """The devices that each stage learned, and the score on each device after it."""
    for number, stage in enumerate(sequence.stages):
        yield (
            stage,
            {
                device: estimate({device: values[:, number]}, metric.bounds)
                for device, values in sequence.scores.items()
            },
        )


def footer(report: SequenceReport) -> str:
    """The method, the length of stages, and the number of missing runs."""
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
    """All numbers, one per row: the measures of each sequence, and R[i, j]."""
    rows: list[list[object]] = [
        ["source", "strategy", "sequence", "measure", "stage", "device", "metric", "value", "low",
         "high", "covers", "seeds"]
    ]  # fmt: skip

    def add(keys: Sequence[object], estimate: Estimate | None, seeds: Sequence[int]) -> None:
        """A row of one estimate; none where it is unknown."""
        if estimate is not None:
            bounds = ["" if bound is None else f"{bound:.6f}"
                      for bound in (estimate.low, estimate.high)]  # fmt: skip
            rows.append([*keys, report.metric.name, f"{estimate.value:.6f}", *bounds,
                         estimate.covers, " ".join(map(str, seeds))])  # fmt: skip

    for row in report.rows:
        for measure, value in row.measures.items():
            add([*row.entry, row.sequence, measure, "", ""], value, row.seeds)
    for entry, trained in report.trained.items():
        for name, sequence in trained.items():
            for number, (_, scores) in enumerate(stage_scores(sequence, report.metric), start=1):
                for device, score in scores.items():
                    add([*entry, name, "R", number, device], score, sequence.seeds)
    return csv_text(rows)


def sequence_figures(report: SequenceReport) -> Iterator[Drawing]:
    """The matrix of every sequence that learns device after device."""
    for (source, strategy), trained in report.trained.items():
        for name, sequence in trained.items():
            if len(sequence.stages) < 2 or any(len(stage) > 1 for stage in sequence.stages):
                continue
            devices = [device for (device,) in sequence.stages]
            columns = [list(sequence.scores).index(device) for device in devices]
            synthetic = " (SYNTHETIC)" if "synthetic" in report.marks[source, strategy] else ""
            title = f"{report.board.id}: {name}, {source} / {strategy}{synthetic}"
            matrix = sequence.matrix[:, columns]
            file = f"{name}-{source}-{strategy}"
            yield forgetting_matrix(file, matrix, devices, report.metric, title)


def write_sequences(folder: Path, report: SequenceReport) -> None:
    """Write README.md, sequences.csv and the figures below `sequences/`.

    Raises:
        RecordError: A file cannot be written.
    """
    folder = folder / "sequences"
    write_text(folder / "sequences.csv", sequence_csv(report))
    write_text(folder / "README.md", sequence_markdown(report))
    write_figures(folder / "figures", sequence_figures(report))
