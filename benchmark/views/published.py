"""Published numbers next to ours as text: tables for terminal and Markdown, and CSV."""

from collections.abc import Iterable, Mapping, Sequence

from benchmark.cards.board import BoardCard
from benchmark.files import csv_text
from benchmark.leaderboard.published import PublishedComparison, Reproduced
from benchmark.leaderboard.published_numbers import PublishedNumber
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
    "illustrated": "ours is on synthetic images and cannot be compared; no difference is computed",
    "impossible": "nobody but the authors can run it",
    "not run": "no record of ours, as the notes say",
}


def metric_title(name: str) -> str:
    """Title of a metric, pooled or not, with its unit."""
    if name in POOLED:
        return POOLED[name].title
    return f"{METRICS[name].title}{METRICS[name].unit_suffix}"


def doubt(number: PublishedNumber) -> str:
    """The mark of a number that is not exact."""
    return "" if number.certainty == "exact from code" else f" {number.certainty}"


def numbered_reasons(comparisons: Sequence[PublishedComparison]) -> dict[str, int]:
    """Every reason with its number, in order of appearance."""
    reasons = dict.fromkeys(reason for comparison in comparisons for reason in comparison.reasons)
    return {reason: number for number, reason in enumerate(reasons, start=1)}


def reproduction_tables(
    comparisons: Sequence[PublishedComparison], beside: str = ""
) -> list[TextTable]:
    """One table per target and metric.

    Args:
        comparisons: The numbers.
        beside: Name of another board of ours; empty leaves its column out.
    """
    notes = numbered_reasons(comparisons)
    return [
        _table(f"{target}: {metric_title(metric)}", group, notes, beside)
        for (target, metric), group in by_target_and_metric(comparisons).items()
    ]


def by_target_and_metric(
    comparisons: Iterable[PublishedComparison],
) -> dict[tuple[str, str], list[PublishedComparison]]:
    """The comparisons of each target and metric, in order of appearance."""
    groups: dict[tuple[str, str], list[PublishedComparison]] = {}
    for comparison in comparisons:
        published = comparison.published
        groups.setdefault((published.target, published.metric), []).append(comparison)
    return groups


def _table(
    title: str, comparisons: Sequence[PublishedComparison], notes: Mapping[str, int], beside: str
) -> TextTable:
    """Numbers of one target and metric; columns that would be empty are left out."""
    rows = []
    for comparison in comparisons:
        published, ours = comparison.published, comparison.ours
        reasons = ",".join(str(notes[reason]) for reason in comparison.reasons)
        illustrated = ours is not None and comparison.status == "illustrated"
        difference = f"{ours.value - published.value:+.4f}" if ours and not illustrated else "-"
        rows.append({
            "source": published.source,
            "strategy": published.strategy,
            "n": str(published.train_subjects or "all"),
            "published": _value(published) + doubt(published),
            "ours": _value(ours),
            "difference": difference,
            beside: _value(comparison.beside),
            "status": f"{comparison.status} {reasons}".rstrip(),
            "ours is of": ", ".join(ours.cell[:2]) if ours and illustrated else "-",
        })  # fmt: skip
    unused = {"", *(name for name in ("difference", "ours is of")
                    if all(row[name] == "-" for row in rows))}  # fmt: skip
    heads = [name for name in rows[0] if name not in unused]
    return TextTable(title, heads, [[row[name] for name in heads] for row in rows])


def reproduction_notes(comparisons: Sequence[PublishedComparison]) -> list[str]:
    """The meaning of the words and numbers in the status column."""
    statuses = dict.fromkeys(comparison.status for comparison in comparisons)
    reasons = numbered_reasons(comparisons).items()
    return [*(f"{status}: {STATUS[status]}" for status in statuses),
            *(f"{number}: {reason}" for reason, number in reasons)]  # fmt: skip


def reproduction_markdown(
    board: BoardCard, comparisons: Sequence[PublishedComparison], beside: str = ""
) -> str:
    """The tables in Markdown."""
    lines = [f"# Published next to ours: {escape_markdown(board.title)} ({board.id})", ""]
    if not comparisons:
        lines += ["No number of this paper is known to us.", ""]
    for table in reproduction_tables(comparisons, beside):
        lines += markdown_section(table)
    lines += [f"- {escape_markdown(note)}" for note in reproduction_notes(comparisons)]
    return "\n".join([*lines, "", "A published number never enters a ranking.", ""])


def reproduction_csv(comparisons: Sequence[PublishedComparison]) -> str:
    """Every number with all that is known of it, one row each."""
    return csv_text([COLUMNS, *map(_csv_row, comparisons)])


def _csv_row(comparison: PublishedComparison) -> list[object]:
    """Values in the order of `COLUMNS`."""
    published, ours, beside = comparison.published, comparison.ours, comparison.beside
    cell = [ours.cell[0], ours.cell[1], ours.cell[3]] if ours else ["", "", ""]
    return [
        published.target, published.source, published.strategy, published.train_subjects,
        published.metric, published.value, published.sd, published.runs, published.certainty,
        published.where, *_csv_value(ours), ours.runs if ours else "", *cell,
        *_csv_value(beside), comparison.status, "; ".join(comparison.reasons),
    ]  # fmt: skip


def _csv_value(number: Reproduced | None) -> list[str]:
    """Value and deviation; empty where they are not known."""
    values = (number.value, number.sd) if number else (None, None)
    return ["" if value is None else f"{value:.6f}" for value in values]


def _value(number: PublishedNumber | Reproduced | None) -> str:
    """A number with its deviation in brackets."""
    if number is None:
        return "-"
    return f"{number.value:.4f}" + ("" if number.sd is None else f" ({number.sd:.4f})")
