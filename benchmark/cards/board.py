"""Boards: one fine-tuning protocol, and the grid of transfers held to it."""

from typing import Annotated

from pydantic import Field

from benchmark.cards.card import Card
from benchmark.cards.protocol import FineTuningProtocol, Strategy


class BoardCard(Card):
    """One leaderboard. Sources are open (any source card may join); all else is fixed.

    `train_subjects` are nested subsets by subject; 0 stands for all of them. `strategies_of` names
    the sources that take part with some strategies only. A `legacy` board may use a published split
    that leaks, and says so in every heading.
    """

    description: str
    protocol: FineTuningProtocol
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    strategies: dict[str, Strategy]
    strategies_of: dict[str, tuple[str, ...]] = {}
    train_subjects: tuple[Annotated[int, Field(ge=0)], ...] = (0,)
    seeds: tuple[Annotated[int, Field(ge=0)], ...]
    baseline: str = "scratch"
    legacy: bool = False

    def strategies_for(self, source: str) -> tuple[str, ...]:
        """Names of the strategies that a source takes part with."""
        return self.strategies_of.get(source, tuple(self.strategies))
