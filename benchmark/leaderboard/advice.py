"""Which sources lead on targets of a domain, by the records of several boards; no new statistics.

Gains, intervals and candidates for the best are those of the leaderboards. Contaminated cells,
trials and boards with a leaking split are left out, and synthetic images unless they are asked
for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from benchmark.cards.board import BoardCard
from benchmark.cards.dataset import Domain
from benchmark.cards.registry import Registry
from benchmark.errors import CardError, unknown_name
from benchmark.leaderboard.folder import read_leaderboard
from benchmark.records.store import Store
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.leaderboard.build import Leaderboard


@dataclass(frozen=True, kw_only=True)
class AdviceQuestion:
    """What is asked.

    Attributes:
        domain: Of the target's images.
        subjects: Number of training subjects.
        network: Only entries on this encoder; None allows all.
        target: Only this target task; None allows all of the domain.
        synthetic: Whether records on synthetic images may be used too.
    """

    domain: str
    subjects: int
    network: str | None = None
    target: str | None = None
    synthetic: bool = False

    @property
    def encoders(self) -> set[str | None]:
        """Names of the network, with and without the prefix of timm."""
        return {self.network, f"tu-{self.network}"}


@dataclass(frozen=True)
class AdvisedSetting:
    """The leading entries of one target on one board.

    Attributes:
        board: Id of the board.
        target: Id of the target.
        lane: Kind of decoder; only entries of one lane are ranked together.
        subjects: Number of training subjects, the nearest to the question that the board has.
        test_subjects: Number of test subjects.
        metric: Name of the metric that is ranked.
        synthetic: Whether the images are.
        ranked: Number of ranked entries.
        leading: Rows of the leaderboard, best first: the candidates for the best, or the
            first entry on the network that was asked for if none of them is on it.
        candidates: Whether they are candidates for the best.
        unranked: Entries without a rank, each with the reason.
        sources: Sources that have an entry.
        empty_prediction: Score of a prediction without any structure; 0 where it is not known.
    """

    board: str
    target: str
    lane: str
    subjects: int
    test_subjects: int
    metric: str
    synthetic: bool
    ranked: int
    leading: "pd.DataFrame"
    candidates: bool
    unranked: tuple[str, ...]
    sources: tuple[str, ...]
    empty_prediction: float = 0.0


@dataclass(frozen=True)
class Advice:
    """What the records say.

    Attributes:
        question: What was asked.
        settings: The leading entries, by target and board.
        untested_targets: Targets of the domain without such a record.
        untested_sources: Sources that no setting has an entry of.
        boards: Boards with a target of the domain, and with the network, that could be run.
    """

    question: AdviceQuestion
    settings: tuple[AdvisedSetting, ...] = ()
    untested_targets: tuple[str, ...] = ()
    untested_sources: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()


def advise(workspace: Workspace, question: AdviceQuestion, folders: Sequence[Path] = ()) -> Advice:
    """Find the sources that lead, or are tied with the leader, on targets of a domain.

    Args:
        workspace: All cards, and the cache of what was read before.
        question: Domain, number of subjects, and what else is asked.
        folders: Leaderboard folders besides those of the boards.

    Raises:
        CardError: Domain or target is unknown, or the target is of another domain.
        RecordError: A record is damaged or not its board's.
    """
    registry = workspace.registry
    targets = _targets(registry, question)
    boards = [board for board in registry.boards.values() if set(board.targets) & targets]
    stores = [Store(registry.folders[board.id]) for board in boards]
    settings: list[AdvisedSetting] = []
    for store in [*stores, *map(Store, folders)]:
        if not store.board().legacy and store.files():
            leaderboard = read_leaderboard(store, clean=True, cache=workspace.table_cache)
            settings += _settings(leaderboard, question, targets)
    tested = {source for setting in settings for source in setting.sources}
    return Advice(
        question,
        tuple(sorted(settings, key=lambda setting: (setting.synthetic, setting.target))),
        tuple(sorted(targets - {setting.target for setting in settings})),
        tuple(
            card.id
            for card in registry.sources.values()
            if card.id not in tested and (question.synthetic or not card.synthetic)
        ),
        tuple(
            board.id
            for board in boards
            if (question.synthetic or not registry.is_synthetic(board))
            and (question.network is None or question.encoders & _encoders(registry, board))
        ),
    )


def _encoders(registry: Registry, board: BoardCard) -> set[str | None]:
    """The networks of a board's sources."""
    known = registry.sources_of(board)
    cards = [known[name] for name in board.sources if name in known]
    return {board.encoder_of(card, lane) for card in cards for lane in board.lanes_of(card)}


def _targets(registry: Registry, question: AdviceQuestion) -> set[str]:
    """Ids of the targets that the question is about."""
    if question.domain not in get_args(Domain):
        raise CardError(unknown_name("domain", question.domain, get_args(Domain)))
    chosen = set()
    for target in registry.targets.values():
        data = registry.dataset(target.dataset)
        if data.domain == question.domain and (question.synthetic or not data.synthetic):
            chosen.add(target.id)
    if question.target is None:
        return chosen
    domain = registry.dataset(registry.target(question.target).dataset).domain
    if domain != question.domain:
        raise CardError(f"target task {question.target!r} is of the domain {domain}")
    return chosen & {question.target}


def _settings(
    leaderboard: "Leaderboard", question: AdviceQuestion, targets: set[str]
) -> Iterator[AdvisedSetting]:
    rows = leaderboard.rows
    if not len(rows):
        return
    rows = rows[rows["target"].isin(targets) & (rows["unranked"] == "")]
    lanes = rows["lane"] if "lane" in rows else "unet"
    for _, in_lane in rows.assign(lane=lanes).groupby(["target", "lane"], sort=False):
        sizes = in_lane.groupby("train_subjects")["train_subjects_used"].max()
        size = min(sizes.index, key=lambda n: abs(log(sizes[n] / question.subjects)))
        setting = _setting(leaderboard, in_lane[in_lane["train_subjects"] == size], question)
        if setting is not None:
            yield setting


def _setting(
    leaderboard: "Leaderboard", rows: "pd.DataFrame", question: AdviceQuestion
) -> AdvisedSetting | None:
    """The leading entries among the rows of one setting; None if no entry is of the network."""
    first: Any = rows.iloc[0]
    synthetic = "synthetic" in first["marks"]
    if synthetic and not question.synthetic:
        return None
    ranked = rows[rows["rank"].notna()]
    chosen = rows
    if question.network is not None:
        chosen = rows[rows["encoder"].isin(question.encoders)]
    if not len(chosen):
        return None
    ordered = chosen[chosen["rank"].notna()].sort_values("rank", kind="stable")
    leading = ordered[ordered["group"].notna()]
    candidates = len(leading) > 0
    return AdvisedSetting(
        board=leaderboard.board.id,
        target=str(first["target"]),
        lane=str(first["lane"]),
        subjects=int(rows["train_subjects_used"].max()),
        test_subjects=int(first["subjects"]),
        metric=str(first["main_metric"]),
        synthetic=synthetic,
        ranked=len(ranked),
        leading=leading if candidates else ordered.head(1),
        candidates=candidates,
        unranked=tuple(
            f"{row['source']}/{row['strategy']}: {row['why_unranked']}"
            for _, row in chosen[chosen["rank"].isna()].iterrows()
        ),
        sources=tuple(dict.fromkeys(name.partition("@")[0] for name in rows["source"])),
        empty_prediction=float(rows["empty_prediction"].astype(float).fillna(0).iloc[0]),
    )
