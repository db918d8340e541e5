"""The verdict on a submission as a Markdown comment and as one self-contained HTML page."""

from collections import Counter
from pathlib import Path

from benchmark.files import printable, write_text
from benchmark.submission.standing import HEADS
from benchmark.submission.verify import Verdict
from benchmark.views.footnotes import method
from benchmark.views.page.render import render
from benchmark.views.tables import leaderboard_tables
from benchmark.views.text import counted, escape_markdown, markdown_table

MAX_FINDINGS = 20  # of one check on the page
TICKS = {"passed": "✓", "refused": "✗", "to look at": "!", "not checked": "-"}


def headline(verdict: Verdict) -> str:
    """Source, board, and whether the submission may be merged."""
    title, submission = "Submission", verdict.submission
    if submission is not None:
        title = f"{submission.card.id} on {submission.board.id}"
        if all(record.marks.synthetic for record in submission.records.values()):
            title += " (synthetic)"
    return f"{title}: {'REFUSED' if verdict.refused else 'may be merged'}"


def trust_line(verdict: Verdict) -> str:
    """How many records have which trust level."""
    levels = verdict.standing.levels
    counts = [f"{count} {level}" for level, count in Counter(levels.values()).items()]
    return f"Trust of {counted(len(levels), 'record')}: {', '.join(counts) or 'none'}"


def to_markdown(verdict: Verdict) -> str:
    """A comment: checks, placements of the new rows, trust. Text of the pack has no effect."""
    standing = verdict.standing
    checks = [
        (TICKS[check.state], f"{check.name}: {check.state}", check.first_finding)
        for check in verdict.checklist.checks
    ]
    lines = [f"## {escape_markdown(headline(verdict))}", ""]
    lines += markdown_table(("", "check", "found"), checks)
    if standing.placements:
        lines += [
            "",
            *markdown_table(HEADS, standing.placements),
            "",
            escape_markdown(method(standing.leaderboard)),
        ]
    if standing.levels:
        lines += ["", f"{escape_markdown(trust_line(verdict))}."]
    return "\n".join([*lines, ""])


def to_html(verdict: Verdict) -> str:
    """A page with every finding, the new rows, and the complete tables with these rows marked."""
    standing = verdict.standing
    return render(
        "report.html.j2", package="benchmark.submission",
        title=headline(verdict), checks=verdict.checklist.checks, ticks=TICKS, most=MAX_FINDINGS,
        submission=verdict.submission, placements=standing.placements, heads=HEADS,
        tables=leaderboard_tables(standing.leaderboard) if standing.leaderboard else [],
        trust=trust_line(verdict), method=method(standing.leaderboard), printable=printable,
    )  # fmt: skip


def write_reports(verdict: Verdict, html: Path | None, markdown: Path | None) -> None:
    """Write the reports for which there is a path.

    Raises:
        RecordError: A file cannot be written.
    """
    if html is not None:
        write_text(html, to_html(verdict))
    if markdown is not None:
        write_text(markdown, to_markdown(verdict))
