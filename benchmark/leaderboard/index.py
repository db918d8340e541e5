"""Cells in their places: a place is a target and a number of training subjects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.record_frame import ROW
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.statistics.anova import Scores
from benchmark.statistics.scores import Entry, Runs, TargetScores, stack_runs

Pair = tuple[str, str]  # source, strategy
Setting = tuple[str, int]  # target, number of training subjects
Column = npt.NDArray[Any]
Cells = npt.NDArray[np.intp]


@dataclass(frozen=True)
class BoardIndex:
    """The cells of a board.

    Attributes:
        columns: Of the cells, by name.
        places: Per place its entries, sorted, and of each its cells, by seed; the board's
            targets come first, in its order.
        ranked: Per cell whether it may be ranked.
    """

    columns: Mapping[str, Column]
    places: Mapping[Setting, Mapping[Pair, Cells]]
    ranked: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, board: BoardCard, cells: pd.DataFrame) -> "BoardIndex":
        """Arrange cells."""
        columns = {str(name): cells[name].to_numpy() for name in cells.columns}
        columns |= {name: columns[name].astype(object) for name in ("train_subjects", "seed")}
        order = {name: number for number, name in enumerate(board.targets)}
        target, names = pd.factorize(cells["target"], sort=True)
        place = np.array([order.get(str(name), len(order)) for name in names])[target]
        others = [pd.factorize(cells[name], sort=True)[0] for name in (*ROW[1:], "seed")]
        codes = np.stack([place, target, *others[:-1]])
        rows = np.lexsort((others[-1], *codes[::-1]))
        starts = np.flatnonzero((np.diff(codes[:, rows], axis=1) != 0).any(axis=0)) + 1
        places: dict[Setting, dict[Pair, Cells]] = {}
        for entry in np.split(rows, starts):
            target_name, size, source, strategy = (columns[name][entry[0]] for name in ROW)
            places.setdefault((target_name, size), {})[source, strategy] = entry
        return cls(columns, places, columns["unranked"] == "")

    def metric(self, place: Setting) -> Metric:
        """What is ranked at a place."""
        entry = next(iter(self.places[place].values()))
        return METRICS[str(self.columns["main_metric"][entry[0]])]

    def runs(self, cells: Cells) -> Runs:
        """Scores of the cells of one entry."""
        seed, subjects, scores = (self.columns[name] for name in ("seed", "subjects", "scores"))
        return {seed[cell]: (subjects[cell], scores[cell]) for cell in cells.tolist()}

    def scores(self, place: Setting, seeds: tuple[int, ...]) -> TargetScores | None:
        """Complete ranked scores; None where no cell may be ranked."""
        runs = {
            entry: self.runs(some)
            for entry, cells in self.places[place].items()
            if len(some := cells[self.ranked[cells]])
        }
        if not runs:
            return None
        return stack_runs(place[0], runs, seeds, self.metric(place).higher_is_better)

    def own_scores(self, cells: Cells) -> Scores | None:
        """Scores (seeds, subjects) of one entry as it is; None if its subjects differ."""
        subjects = self.columns["subjects"][cells]
        if any(one != subjects[0] for one in subjects[1:]):
            return None
        return np.stack(list(self.columns["scores"][cells]))

    def baselines(
        self, places: Iterable[Setting], baseline: str, *, ranked: bool = False
    ) -> dict[Entry, Entry]:
        """Each entry's baseline: the board's, with the same strategy and network.

        For an entry on another network than the board's that is BASELINE@NETWORK, if it is there.

        Args:
            places: Where to look for entries.
            baseline: The board's baseline.
            ranked: Look only at cells that may be ranked.
        """
        encoder, used = self.columns["encoder"], dict[Pair, object]()
        for place in places:
            for entry, cells in self.places[place].items():
                if len(some := cells[self.ranked[cells]] if ranked else cells):
                    used.setdefault(entry, encoder[some[0]])
        found: dict[Entry, Entry] = {}
        for entry, network in sorted(used.items()):
            for name in (baseline, f"{baseline}@{network}"):
                if used.get((name, entry[1])) == network:
                    found[entry] = (name, entry[1])
                    break
        return found
