"""The verdict on a submission as a Markdown comment and as one self-contained HTML page."""

from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from benchmark.files import printable, write_text
from benchmark.submission.verify import Verdict
from benchmark.views.page.assets import source_hash, style
from benchmark.views.tables import METHOD, leaderboard_tables
from benchmark.views.text import escape_markdown, markdown_table

HEADS = ("target", "entry", "rank [95 %]", "tie group", "score [95 %]", "gain [95 %]",
         "gain over ImageNet [95 %]")  # fmt: skip
SHOWN = 20  # findings of one check
TICKS = {"passed": "✓", "refused": "✗", "to look at": "!", "not checked": "-"}


def headline(verdict: Verdict) -> str:
    """Who submits what where, and what came of it."""
    what = "Submission"
    if verdict.pack and verdict.board:
        what = f"{verdict.pack.card.id} on {verdict.board.id}"
        if all(record.marks.synthetic for record in verdict.pack.records.values()):
            what += " (synthetic)"
    return f"{what}: {'REFUSED' if verdict.refused else 'may be merged'}"


def trust_line(verdict: Verdict) -> str:
    """How many records have which trust level."""
    levels = list(verdict.standing.levels.values())
    counts = [f"{levels.count(level)} {level}" for level in dict.fromkeys(levels)]
    return f"Trust of {len(levels)} records: {', '.join(counts) or 'none'}"


def to_markdown(verdict: Verdict) -> str:
    """A comment: checks, where the new rows stand, trust."""
    checks = [
        (TICKS[check.state], f"{check.name}: {check.state}", check.detail)
        for check in verdict.checklist.checks
    ]
    lines = [f"## {escape_markdown(headline(verdict))}", ""]
    lines += markdown_table(("", "check", "found"), checks)
    if placements := verdict.standing.placements:
        lines += ["", *markdown_table(HEADS, [placement.cells for placement in placements])]
        lines += ["", escape_markdown(METHOD)]
    if verdict.standing.levels:
        lines += ["", escape_markdown(trust_line(verdict)) + "."]
    return "\n".join([*lines, ""])


def to_html(verdict: Verdict) -> str:
    """A page with every finding, the new rows, and the whole tables with these rows marked."""
    standing = verdict.standing.leaderboard
    tables = leaderboard_tables(standing) if standing else []
    own = verdict.pack.card.id if verdict.pack else ""
    policy = f"default-src 'none'; style-src {source_hash(style())}; base-uri 'none'"
    return _environment().get_template("report.html.j2").render(
        title=headline(verdict), checks=verdict.checklist.checks, ticks=TICKS, most=SHOWN,
        pack=verdict.pack, board=verdict.board, placements=verdict.standing.placements,
        heads=HEADS, tables=tables, own=own, trust=trust_line(verdict), method=METHOD,
        printable=printable, style=style(), policy=policy, script=Markup(""),
    )  # fmt: skip


def write_reports(verdict: Verdict, html: Path | None, markdown: Path | None) -> None:
    """Write what is asked for.

    Raises:
        RecordError: A file cannot be written.
    """
    if html is not None:
        write_text(html, to_html(verdict))
    if markdown is not None:
        write_text(markdown, to_markdown(verdict))


@cache
def _environment() -> Environment:
    packages = ("benchmark.submission", "benchmark.views.page")
    return Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
