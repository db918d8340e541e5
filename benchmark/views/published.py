"""Published numbers beside ours as text: tables for terminal and Markdown, and CSV."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.published import PublishedComparison, PublishedNumber, Reproduced
from benchmark.scoring.metrics import METRICS, POOLED
from benchmark.views.text import TextTable, escape_markdown, markdown_section

COLUMNS = (
    "target", "source", "strategy", "train_subjects", "metric", "published", "published_sd",
    "published_runs", "certainty", "where", "ours", "ours_sd", "ours_runs", "ours_target",
    "ours_source", "ours_train_subjects", "beside", "beside_sd", "status", "why",
)  # fmt: skip
STATUS = {
    "rerun": "same data, split, protocol and metric",
    "approximated": "ours differs as the notes say",
    "impossible": "nobody but the authors can run it",
    "not run": "it could be run, but no record is here",
}


def metric_title(name: str) -> str:
    """Title of a metric, pooled or not, with its unit."""
    if name in POOLED:
        return POOLED[name].title
    return f"{METRICS[name].title}{METRICS[name].unit_suffix}"


def doubt(number: PublishedNumber) -> str:
    """How a number that is not exact is marked wherever it is shown."""
    return "" if number.certainty == "exact from code" else f" {number.certainty}"


def notes_of(held: Sequence[PublishedComparison]) -> dict[str, int]:
    """Every reason with its number, in the order in which they come."""
    reasons = dict.fromkeys(reason for one in held for reason in one.reasons)
    return {reason: number for number, reason in enumerate(reasons, start=1)}


def reproduction_tables(held: Sequence[PublishedComparison], beside: str = "") -> list[TextTable]:
    """One table per target and metric.

    Args:
        held: The numbers.
        beside: Name of another board of ours; empty leaves its column out.
    """
    notes = notes_of(held)
    groups: dict[tuple[str, str], list[list[str]]] = {}
    for one in held:
        number = one.published
        row = [
            number.source,
            number.strategy,
            str(number.train_subjects or "all"),
            _number(number.value, number.sd) + doubt(number),
            _ours(one.ours),
            f"{one.ours.value - number.value:+.4f}" if one.ours else "-",
            *([_ours(one.beside)] if beside else []),
            f"{one.status} {','.join(str(notes[reason]) for reason in one.reasons)}".rstrip(),
        ]
        groups.setdefault((number.target, number.metric), []).append(row)
    heads = ["source", "strategy", "n", "published", "ours", "difference",
             *([beside] if beside else []), "status"]  # fmt: skip
    return [
        TextTable(f"{target}: {metric_title(metric)}", heads, rows)
        for (target, metric), rows in groups.items()
    ]


def reproduction_notes(held: Sequence[PublishedComparison]) -> list[str]:
    """What the words and numbers of the status column say."""
    used = dict.fromkeys(one.status for one in held)
    words = [f"{status}: {STATUS[status]}" for status in used]
    return [*words, *(f"{number}: {reason}" for reason, number in notes_of(held).items())]


def reproduction_markdown(
    board: BoardCard, held: Sequence[PublishedComparison], beside: str = ""
) -> str:
    """The tables in Markdown."""
    lines = [f"# Published beside ours: {escape_markdown(board.title)} ({board.id})", ""]
    if not held:
        lines += ["No number of this paper is known to us.", ""]
    for table in reproduction_tables(held, beside):
        lines += markdown_section(table)
    lines += [f"- {escape_markdown(note)}" for note in reproduction_notes(held)]
    return "\n".join([*lines, "", "A published number never enters a ranking.", ""])


def reproduction_csv(held: Sequence[PublishedComparison]) -> str:
    """Every number with all that is known of it, a row each."""
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in held:
        writer.writerow(_row(one))
    return text.getvalue()


def _row(one: PublishedComparison) -> Mapping[str, object]:
    number, ours, beside = one.published, one.ours, one.beside
    row: dict[str, object] = {
        **{name: getattr(number, name) for name in COLUMNS[:5]},
        "published": number.value, "published_sd": number.sd, "published_runs": number.runs,
        "certainty": number.certainty, "where": number.where, "status": one.status,
        "why": "; ".join(one.reasons),
    }  # fmt: skip
    if ours:
        row |= {
            "ours": f"{ours.value:.6f}", "ours_runs": ours.runs, "ours_target": ours.cell[0],
            "ours_source": ours.cell[1], "ours_train_subjects": ours.cell[3],
            "ours_sd": "" if ours.sd is None else f"{ours.sd:.6f}",
        }  # fmt: skip
    if beside:
        row["beside"] = f"{beside.value:.6f}"
        row["beside_sd"] = "" if beside.sd is None else f"{beside.sd:.6f}"
    return row


def _ours(ours: Reproduced | None) -> str:
    return "-" if ours is None else _number(ours.value, ours.sd)


def _number(value: float, sd: float | None) -> str:
    return f"{value:.4f}" + ("" if sd is None else f" ({sd:.4f})")
