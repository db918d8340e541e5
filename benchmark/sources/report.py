"""What `segtransfer source check` found, as data, as Markdown and as JSON."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from benchmark import __version__
from benchmark.cards.card import Model, fingerprint
from benchmark.cards.task import SourceCard
from benchmark.files import write_text
from benchmark.views.text import escape_markdown, markdown_table

MARKS = {True: "✓", False: "✗", None: "·"}


class Finding(Model):
    """One check. `ok` is None for what is told and is neither right nor wrong."""

    check: str
    ok: bool | None
    found: str
    mend: str = ""
    seconds: float = 0.0

    @property
    def mark(self) -> str:
        """Tick, cross or dot."""
        return MARKS[self.ok]


class CheckReport(Model):
    """All findings of one source, and of which card, weights and software they are."""

    schema_version: Literal[1] = 1
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
                ("", "check", "found", "s"),
                [(one.mark, one.check, one.found, f"{one.seconds:.1f}") for one in self.findings],
            ),
        ]  # fmt: skip
        mends = [one for one in self.findings if one.mend]
        if mends:
            lines += ["", "## How to mend it", ""]
            lines += [f"- **{one.check}**: {escape_markdown(one.mend)}" for one in mends]
        lines += ["", "The fine-tuning is on a synthetic phantom: it shows that the path works, "
                  "not how good the source is."]  # fmt: skip
        return "\n".join(lines) + "\n"


def check_report(name: str, source: SourceCard | None, findings: Iterable[Finding]) -> CheckReport:
    """The findings, with the card, weights and software that they are of.

    Args:
        name: The source's id, also where its card cannot be read.
        source: Its card; None if it cannot be read.
        findings: What was checked.
    """
    findings = tuple(findings)
    return CheckReport(
        source=name,
        card=fingerprint(source) if source else "none",
        weights=next((one.found for one in findings if one.check == "hash" and one.ok), "none"),
        findings=findings,
        segtransfer=__version__,
        torch=version("torch"),
        checked=datetime.now(UTC).isoformat(timespec="seconds"),
    )
