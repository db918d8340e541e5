"""What is shown of one card, as text for people and as plain data."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.cards.card import Card
from benchmark.views.text import TextTable, fit_table

NARROWEST = 40  # characters that a text gets even in a narrow terminal


@dataclass(frozen=True)
class CardSummary:
    """What a card states, and what is known of it here.

    Attributes:
        kind: `board`, `source`, `target` or `dataset`.
        card: The card.
        facts: Lines of text by what they are about.
        table: Shown below the facts.
        commands: What to type next.
    """

    kind: str
    card: Card
    facts: Mapping[str, Sequence[str]]
    table: TextTable | None = None
    commands: Sequence[str] = field(default=())

    @property
    def _stated(self) -> dict[str, list[str]]:
        """The facts without empty texts."""
        stated = {name: [text for text in texts if text] for name, texts in self.facts.items()}
        return {name: texts for name, texts in stated.items() if texts}

    def lines(self, width: int) -> list[str]:
        """The summary in lines of at most `width` characters; names are never broken."""
        facts = self._stated
        indent = max(map(len, facts)) + 2
        shown = [f"{self.kind} {self.card.id}", *_wrapped(self.card.title, width, ""), ""]
        for name, texts in facts.items():
            body = [line for text in texts for line in _wrapped(text, width - indent, "  ")]
            shown += [f"{name:{indent}}{body[0]}", *(" " * indent + line for line in body[1:])]
        if self.table:
            shown += ["", self.table.title, *fit_table(self.table, width)]
        if self.commands:
            shown += ["", *(f"next: {command}" for command in self.commands)]
        return shown

    def plain(self) -> dict[str, Any]:
        """The summary as plain data, with the complete card."""
        return {
            "kind": self.kind,
            "card": self.card.model_dump(mode="json"),
            "facts": self._stated,
            "commands": list(self.commands),
        }


def _wrapped(text: str, width: int, further: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, NARROWEST),
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
