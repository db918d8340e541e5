"""Boards: one fine-tuning protocol, and the grid of transfers held to it."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from benchmark.cards.card import Card, Model
from benchmark.cards.protocol import FineTuningProtocol, Strategy
from benchmark.errors import unknown_name
from benchmark.scoring.metrics import POOLED

SequenceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Stages = Annotated[tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...], Field(min_length=1)]


class Reproduction(Model):
    """Which published numbers a board is held against, and what stands for what.

    `numbers` is the board whose folder holds the published.csv. `targets`, `sources` and `sizes`
    map what this board has to what stands there in its place (a phantom, another network, fewer
    training subjects). `differs` says what makes every number here an approximation; `private`
    why nobody else can run the published ones.
    """

    numbers: str
    targets: dict[str, str] = {}
    sources: dict[str, str] = {}
    sizes: dict[int, int] = {}
    differs: tuple[str, ...] = ()
    private: str = ""


class BoardCard(Card):
    """One leaderboard. Sources are open (any source card may join); all else is fixed.

    `train_subjects` are nested subsets by subject; 0 stands for all of them. `strategies_of` names
    the sources that take part with some strategies only. A `legacy` board may use a published split
    that leaks, and says so in every heading. `pooled_metrics` are scores of published code that
    records hold besides the ranked ones; `reproduces` is what `segtransfer reproduce` compares.
    `sequences` name what `segtransfer sequence` trains one network on: stages one after the other,
    each of the targets trained on together.
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
    pooled_metrics: tuple[str, ...] = ()
    reproduces: Reproduction | None = None
    sequences: dict[SequenceName, Stages] = {}

    @field_validator("pooled_metrics")
    @classmethod
    def _pooled_metrics_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in POOLED:
                raise ValueError(unknown_name("pooled metric", name, POOLED))
        return names

    @model_validator(mode="after")
    def _sequences_are_of_targets(self) -> "BoardCard":
        for name, stages in self.sequences.items():
            learned = [target for stage in stages for target in stage]
            for target in learned:
                if target not in self.targets:
                    message = unknown_name("target", target, self.targets)
                    raise ValueError(f"sequence {name!r}: {message}")
            if len(set(learned)) < len(learned):
                raise ValueError(f"sequence {name!r}: a target comes twice; each is learned once")
        return self

    @property
    def devices(self) -> tuple[str, ...]:
        """The targets of all sequences, in the order of the board's; each is scored every time."""
        named = {target for stages in self.sequences.values() for s in stages for target in s}
        return tuple(target for target in self.targets if target in named)

    @property
    def size(self) -> int:
        """Number of its cells."""
        entries = sum(len(self.strategies_for(source)) for source in self.sources)
        return entries * len(self.targets) * len(self.train_subjects) * len(self.seeds)

    def strategies_for(self, source: str) -> tuple[str, ...]:
        """Names of the strategies that a source takes part with."""
        return self.strategies_of.get(source, tuple(self.strategies))
