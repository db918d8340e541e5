"""What `segtransfer source check` found, as data, as Markdown and as JSON."""

import html
import json
from pathlib import Path
from typing import Literal

from benchmark.cards.card import Model
from benchmark.files import printable, write_text

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
            f"# Check of source task {_plain(self.source)}",
            "",
            f"{'Passed' if self.passed else 'Failed'}. Card `{_plain(self.card)}`, weights "
            f"`{_plain(self.weights)}`; segtransfer {self.segtransfer}, torch {self.torch}, "
            f"{self.checked}.",
            "",
            "| | check | found | s |",
            "|---|---|---|---|",
            *(f"| {one.mark} | {one.check} | {_plain(one.found)} | {one.seconds:.1f} |"
              for one in self.findings),
        ]  # fmt: skip
        mends = [one for one in self.findings if one.mend]
        if mends:
            lines += ["", "## How to mend it", ""]
            lines += [f"- **{one.check}**: {_plain(one.mend)}" for one in mends]
        lines += ["", "The fine-tuning is on a synthetic phantom: it shows that the path works, "
                  "not how good the source is."]  # fmt: skip
        return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text that is neither HTML, a cell's end nor a link."""
    plain = html.escape(" / ".join(printable(line) for line in text.splitlines()), quote=False)
    for sign in "\\|[]`*_":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
