"""The report of `segtransfer source check`, as data, as Markdown and as JSON."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from benchmark import __version__
from benchmark.cards.card import Model, fingerprint
from benchmark.cards.source import SourceCard
from benchmark.files import printable, write_text
from benchmark.views.text import escape_markdown, markdown_table

NAMES_SHOWN = 6
MARKS = {True: "✓", False: "✗", None: "·"}


class Outcome(NamedTuple):
    """Result of one check; `ok` is None for information that can be neither right nor wrong."""

    ok: bool | None
    result: str
    fix: str = ""


class Finding(Model):
    """One check with its outcome."""

    check: str
    ok: bool | None
    result: str
    fix: str = ""
    seconds: float = 0.0

    @property
    def mark(self) -> str:
        """Tick, cross or dot."""
        return MARKS[self.ok]


def listed(names: Iterable[str]) -> str:
    """The first names, and how many there are; `none` if there are none."""
    printed = [printable(name) for name in names]
    more = f", ... ({len(printed)})" if len(printed) > NAMES_SHOWN else ""
    return ", ".join(printed[:NAMES_SHOWN]) + more or "none"


class CheckReport(Model):
    """All findings of one source, with the card, weights and software that were checked."""

    schema_version: Literal[2] = 2
    source: str
    card: str
    weights: str
    findings: tuple[Finding, ...]
    segtransfer: str
    torch: str
    checked: str

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(finding.ok is not False for finding in self.findings)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write report.md and report.json; returns their paths."""
        paths = folder / "report.md", folder / "report.json"
        write_text(paths[0], self.markdown())
        write_text(paths[1], json.dumps(self.model_dump(mode="json"), indent=1) + "\n")
        return paths

    def markdown(self) -> str:
        """The report as a page; text of cards and files is escaped."""
        lines = [
            f"# Check of source task {escape_markdown(self.source)}",
            "",
            f"{'Passed' if self.passed else 'Failed'}. Card `{escape_markdown(self.card)}`, "
            f"weights `{escape_markdown(self.weights)}`; segtransfer {self.segtransfer}, "
            f"torch {self.torch}, {self.checked}.",
            "",
            *markdown_table(
                ("", "check", "result", "s"),
                [(f.mark, f.check, f.result, f"{f.seconds:.1f}") for f in self.findings],
            ),
        ]
        if fixes := [f"- **{f.check}**: {escape_markdown(f.fix)}" for f in self.findings if f.fix]:
            lines += ["", "## How to fix it", "", *fixes]
        lines += ["", "The fine-tuning is on a synthetic phantom: it shows that the path works, "
                  "not how good the source is."]  # fmt: skip
        return "\n".join(lines) + "\n"


def check_report(name: str, source: SourceCard | None, findings: Iterable[Finding]) -> CheckReport:
    """The report of a source.

    Args:
        name: The source's id, also if its card cannot be read.
        source: Its card; None if it cannot be read.
        findings: Of all checks.
    """
    findings = tuple(findings)
    return CheckReport(
        source=name,
        card=fingerprint(source) if source else "none",
        weights=next((f.result for f in findings if f.check == "hash" and f.ok), "none"),
        findings=findings,
        segtransfer=__version__,
        torch=version("torch"),
        checked=datetime.now(UTC).isoformat(timespec="seconds"),
    )
