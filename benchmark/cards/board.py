"""Boards: one fine-tuning protocol, and the grid of transfers held to it."""

from collections.abc import Iterable
from itertools import product
from typing import Annotated, Any, TypeVar

from pydantic import Field, field_validator, model_validator

from benchmark.cards.card import Card, Model, fingerprint, omitted_default
from benchmark.cards.lanes import Lane, encoder_lane
from benchmark.cards.protocol import FineTuningProtocol
from benchmark.cards.source import SourceCard
from benchmark.cards.strategy import Strategy
from benchmark.errors import first_repeated, spelling_clash, unknown_name
from benchmark.scoring.metrics import POOLED

Names = TypeVar("Names", bound=Iterable[str])
SequenceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Stages = Annotated[tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...], Field(min_length=1)]


class Reproduction(Model):
    """Which published numbers a board is compared with, and what stands for what.

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
    the sources that take part with some strategies only, `train_subjects_of` the targets that are
    run with some of these numbers only. A `legacy` board may use a published split that leaks,
    and says so in every heading. `pooled_metrics` are scores of published code that
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
    train_subjects_of: dict[str, tuple[int, ...]] = omitted_default({})
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...]
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

    @field_validator("sources", "strategies")
    @classmethod
    def _names_of_files_differ(cls, names: Names) -> Names:
        if clash := spelling_clash(names):
            raise ValueError(clash)
        return names

    @field_validator("sources", "targets", "train_subjects", "seeds")
    @classmethod
    def _each_once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if (twice := first_repeated(values)) is not None:
            raise ValueError(f"{twice!r} comes twice")
        return values

    @model_validator(mode="after")
    def _strategies_are_of_lanes(self) -> "BoardCard":
        for name, strategy in self.strategies.items():
            if "." in name:
                raise ValueError(f"strategy {name!r}: its name may not contain a dot")
            for lane in strategy.lanes:
                if lane not in self.lanes:
                    raise ValueError(f"strategy {name!r}: {unknown_name('lane', lane, self.lanes)}")
        for lane in self.lanes:
            if not any(lane in self.lanes_of_strategy(name) for name in self.strategies):
                raise ValueError(f"lane {lane} has no strategy; give one `lanes: [{lane}]`")
        for name in (name for names in self.strategies_of.values() for name in names):
            if name not in self.strategies:
                raise ValueError(
                    f"strategies_of: {unknown_name('strategy', name, self.strategies)}"
                )
        return self

    @model_validator(mode="after")
    def _sizes_of_targets_are_of_the_board(self) -> "BoardCard":
        for target, sizes in self.train_subjects_of.items():
            problem = ""
            if target not in self.targets:
                problem = unknown_name("target", target, self.targets)
            elif foreign := set(sizes) - set(self.train_subjects):
                known = map(str, self.train_subjects)
                problem = unknown_name("size", str(min(foreign)), known)
            if problem:
                raise ValueError(f"train_subjects_of: {problem}")
        return self

    @model_validator(mode="after")
    def _several_rates_are_chosen_by_validation(self) -> "BoardCard":
        for name, strategy in self.strategies.items():
            if len(strategy.learning_rates) > 1 and self.protocol.checkpoint == "last":
                raise ValueError(
                    f"strategy {name!r}: choosing a learning rate needs checkpoint "
                    "best_validation_dice"
                )
        return self

    @model_validator(mode="after")
    def _sequences_have_one_lane(self) -> "BoardCard":
        if self.sequences and len(self.lanes) > 1:
            raise ValueError(f"sequences need one lane, not {', '.join(self.lanes)}")
        return self

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
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes of its protocol."""
        return tuple(self.protocol.decoders)

    @property
    def size(self) -> int:
        """Number of its cells if every source can enter every lane."""
        grid = product(self.sources, self.lanes)
        entries = sum(len(self.strategies_for(source, lane)) for source, lane in grid)
        return entries * len(self.settings) * len(self.seeds)

    @property
    def settings(self) -> tuple[tuple[str, int], ...]:
        """Each target with each number of training subjects that it is run with."""
        return tuple((target, size) for target in self.targets for size in self.sizes_of(target))

    def sizes_of(self, target: str) -> tuple[int, ...]:
        """The numbers of training subjects that a target is run with; 0 stands for all."""
        return self.train_subjects_of.get(target, self.train_subjects)

    def strategies_for(self, source: str, lane: Lane = "unet") -> tuple[str, ...]:
        """Names of the strategies that a source takes part with in a lane."""
        return tuple(
            name
            for name in self.strategies_of.get(source, tuple(self.strategies))
            if lane in self.lanes_of_strategy(name)
        )

    def lanes_of_strategy(self, name: str) -> tuple[Lane, ...]:
        """The lanes that a strategy is run in; `linear` has to be named."""
        others = tuple(lane for lane in self.lanes if lane != "linear")
        return self.strategies[name].lanes or others

    def encoder_of(self, source: SourceCard, lane: Lane) -> str:
        """The network of a source in a lane: its own, or the lane's where it names none.

        An in-suite pretraining that names none has the network of the board's first lane.
        """
        named = self.lanes[0] if source.pretrain else lane
        return source.encoder or self.protocol.decoders[named].encoder

    def lanes_of(self, source: SourceCard) -> tuple[Lane, ...]:
        """The lanes of the board that a source can enter.

        `BASELINE@NETWORK` leaves out lanes whose own network that is, if another lane is left:
        the baseline is the same there.
        """
        decoders, (name, _, network) = self.protocol.decoders, source.id.partition("@")
        possible = tuple(
            lane
            for lane in decoders
            if lane in (encoder_lane(self.encoder_of(source, lane)), "linear")
        )
        is_baseline = network and name == self.baseline
        same = {lane for lane in possible if is_baseline and decoders[lane].encoder == network}
        return tuple(lane for lane in possible if lane not in same) or possible

    def entries_for(self, source: SourceCard) -> tuple[tuple[Lane, str], ...]:
        """Each lane that a source can enter, with each strategy that it takes part with there."""
        return tuple(
            (lane, strategy)
            for lane in self.lanes_of(source)
            for strategy in self.strategies_for(source.id, lane)
        )

    def protocol_fingerprint(self, lane: Lane = "unet") -> str:
        """Fingerprint of the protocol of a lane, as records of the lane state it."""
        return fingerprint(self.protocol.for_lane(lane))

    def strategy_fingerprint(self, name: str) -> str:
        """Fingerprint of a strategy; in which lanes it is run is no condition of a result."""
        return fingerprint(self.strategies[name].model_copy(update={"lanes": ()}))
