"""Records by setting and entry."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import LANES, Lane
from benchmark.leaderboard.bulk.record_columns import RecordColumns
from benchmark.records.validate import OTHER_PROTOCOL
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.statistics.anova import Scores
from benchmark.statistics.scores import Entry, Runs, TargetScores, stack_runs

EntryKey: TypeAlias = tuple[str, str]  # source, strategy
Rows = npt.NDArray[np.intp]  # indices of records


class LaneSize(NamedTuple):
    """A lane with a number of training subjects; its entries are ranked over all targets."""

    lane: Lane
    train_subjects: int


class Setting(NamedTuple):
    """A target in a lane with a number of training subjects; its entries are ranked together."""

    target: str
    lane: Lane
    train_subjects: int

    @property
    def lane_size(self) -> LaneSize:
        """The same on any target."""
        return LaneSize(self.lane, self.train_subjects)


@dataclass(frozen=True)
class BoardIndex:
    """The records of a board.

    Attributes:
        records: Their columns.
        settings: Per setting its entries, sorted, and of each the rows of its records, by seed;
            the board's targets come first, in its order.
    """

    records: RecordColumns
    settings: Mapping[Setting, Mapping[EntryKey, Rows]]

    @classmethod
    def of(cls, board: BoardCard, records: RecordColumns) -> "BoardIndex":
        """Sort records by setting, entry and seed.

        An entry with records under the board's protocol is made of these alone.
        """
        texts, numbers = records.texts, records.numbers
        position = {name: number for number, name in enumerate(board.targets)}
        target, lane = texts["target"], texts["lane"]
        in_board = np.array([position.get(name, len(position)) for name in target.values])
        lanes = tuple(LANES[LANES.index(name)] for name in lane.values)
        keys = np.stack([
            in_board[target.codes], target.order, np.array([*map(LANES.index, lanes)])[lane.codes],
            numbers["train_subjects"], texts["source"].order, texts["strategy"].order,
        ])  # fmt: skip
        rows = np.lexsort((numbers["seed"], *keys[::-1]))
        starts = np.flatnonzero((np.diff(keys[:, rows], axis=1) != 0).any(axis=0)) + 1
        target_of, source_of, strategy_of = (
            texts[name].array() for name in ("target", "source", "strategy")
        )
        settings: dict[Setting, dict[EntryKey, Rows]] = {}
        earlier = texts["unranked"].array() == OTHER_PROTOCOL
        for entry_rows in np.split(rows, starts):
            current = entry_rows[~earlier[entry_rows]]
            entry_rows = current if len(current) else entry_rows
            first = entry_rows[0]
            size = int(numbers["train_subjects"][first])
            setting = Setting(target_of[first], lanes[lane.codes[first]], size)
            settings.setdefault(setting, {})[source_of[first], strategy_of[first]] = entry_rows
        return cls(records, settings)

    @cached_property
    def ranked(self) -> npt.NDArray[np.bool_]:
        """Whether each record may be ranked."""
        unranked = self.records.texts["unranked"]
        return np.array([reason == "" for reason in unranked.values])[unranked.codes]

    @cached_property
    def subjects(self) -> npt.NDArray[Any]:
        """Subjects of each record, as a tuple."""
        return self.records.texts["subject_names"].array(lambda names: tuple(json.loads(names)))

    @cached_property
    def scores(self) -> npt.NDArray[Any]:
        """Main metric (subjects,) of each record."""
        return self.records.scores_of_each()

    def metric(self, setting: Setting) -> Metric:
        """What is ranked in a setting."""
        first = next(iter(self.settings[setting].values()))[0]
        column = self.records.texts["main_metric"]
        return METRICS[column.values[column.codes[first]]]

    def empty_prediction(self, setting: Setting) -> float:
        """What an empty mask would score; 0 where that is not known."""
        rows = np.concatenate(list(self.settings[setting].values()))
        blank = self.records.numbers["empty_prediction"][rows]
        return float(np.nanmean(blank)) if np.isfinite(blank).any() else 0.0

    def ranked_scores(self, setting: Setting, seeds: tuple[int, ...]) -> TargetScores | None:
        """Complete ranked scores; None where no record may be ranked."""
        runs = {
            entry: self._runs(ranked)
            for entry, rows in self.settings[setting].items()
            if len(ranked := rows[self.ranked[rows]])
        }
        if not runs:
            return None
        return stack_runs(setting.target, runs, seeds, self.metric(setting).higher_is_better)

    def shared_scores(
        self, setting: Setting, pairs: Sequence[tuple[Entry, Entry]]
    ) -> tuple[TargetScores, ...]:
        """Scores of the two entries of each pair over the seeds that both have, if there are any.

        Records that may not be ranked count if both entries were tried in the same way.
        """
        records, entries = self.records, self.settings[setting].items()
        seeds, reasons = records.numbers["seed"], records.texts["unranked"]
        wanted = {entry for pair in pairs for entry in pair}
        by_seed: dict[Entry, dict[tuple[int, str], int]] = {
            entry: {
                (int(seeds[row]), reason): row
                for row in rows.tolist()
                if (reason := reasons.values[reasons.codes[row]]) != OTHER_PROTOCOL
            }
            for entry, rows in entries
            if entry in wanted
        }
        shared = []
        for pair in pairs:
            both = sorted(by_seed[pair[0]].keys() & by_seed[pair[1]].keys())
            if len({reason for _, reason in both}) == 1:
                runs = {entry: self._runs(np.array([by_seed[entry][key] for key in both]))
                        for entry in pair}  # fmt: skip
                better = self.metric(setting).higher_is_better
                shared.append(stack_runs(setting.target, runs, [key[0] for key in both], better))
        return tuple(scores for scores in shared if len(scores.entries) == 2)

    def entry_scores(self, rows: Rows) -> Scores | None:
        """Scores (seeds, subjects) of one entry; None if its records have different subjects."""
        subjects = self.subjects[rows]
        if any(names != subjects[0] for names in subjects[1:]):
            return None
        return np.stack(list(self.scores[rows]))

    def baselines(
        self, settings: Iterable[Setting], baseline: str, *, ranked: bool = False
    ) -> dict[Entry, Entry]:
        """Each entry's baseline, see `baselines_of`.

        Args:
            settings: Where to look for entries; of one lane.
            baseline: The board's baseline.
            ranked: Use only records that may be ranked.
        """
        encoders = self.records.texts["encoder"]
        network_of: dict[EntryKey, str] = {}
        for setting in settings:
            for entry, rows in self.settings[setting].items():
                if len(used := rows[self.ranked[rows]] if ranked else rows):
                    network_of.setdefault(entry, encoders.values[encoders.codes[used[0]]])
        return dict(baselines_of(dict(sorted(network_of.items())), baseline))

    def _runs(self, rows: Rows) -> Runs:
        seeds = self.records.numbers["seed"]
        return {int(seeds[row]): (self.subjects[row], self.scores[row]) for row in rows.tolist()}


def baselines_of(
    network_of: Mapping[EntryKey, str], baseline: str
) -> Iterator[tuple[EntryKey, EntryKey]]:
    """Each entry with its baseline: the board's, with the same strategy and network.

    For an entry with another network than the board's it is BASELINE@NETWORK. Entries whose
    baseline is not there are left out.

    Args:
        network_of: The entries of one lane, with their networks.
        baseline: The board's baseline.
    """
    for entry, network in network_of.items():
        for name in (baseline, f"{baseline}@{network}"):
            if network_of.get((name, entry[1])) == network:
                yield entry, (name, entry[1])
                break
