"""What `segtransfer source check` found, as data, as Markdown and as JSON."""

import json
from pathlib import Path
from typing import Literal

from benchmark.cards.card import Model
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
