"""The rows of all targets: every entry with mean, rank, tie group, gain, spread and cost."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.index import BoardIndex, Cells, Column, Pair, Setting
from benchmark.leaderboard.record_frame import ROW
from benchmark.leaderboard.records_cache import Arrays, array_text
from benchmark.leaderboard.setting_statistics import ESTIMATE, GAIN, RANK
from benchmark.records.trust import LEVELS
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.anova import Scores, VarianceComponents, variance_components
from benchmark.statistics.bootstrap import covers
from benchmark.statistics.scores import DECIMALS, Entry, TargetScores
from benchmark.statistics.tie_groups import TieGroups

FACTS = ["domain", "task", "encoder", "marks", "contamination", "unranked", "main_metric"]
COSTS = ["total_parameters", "trainable_parameters", "training_gflop"]
METHODS = ["timing", "energy_method"]
MEASURED = ["fine_tuning_seconds", "peak_memory_mib", "energy_joules", "gpu_utilisation_percent",
            "empty_prediction", "pretraining_items"]  # fmt: skip
NUMBERS = (*ESTIMATE, *RANK, *GAIN)
Row: TypeAlias = dict[str, object]
Texts: TypeAlias = list[str]
Facts: TypeAlias = dict[str, list[object]]


def setting_rows(
    facts: Facts,
    grid: BoardIndex,
    scores: Mapping[Setting, TargetScores | None],
    found: Mapping[Setting, Arrays],
    groups: Mapping[Setting, TieGroups],
) -> pd.DataFrame:
    """One row per place and entry: ranked entries best first, then the others.

    Args:
        facts: Of `entry_facts`.
        grid: All cells.
        scores: Complete ranked scores of each place.
        found: Statistics of each place, of `place_statistics`.
        groups: Tie groups of each place with complete entries.
    """
    places = list(grid.places)
    entries = [(place, entry) for place in places for entry in grid.places[place]]
    numbers = np.full((len(entries), len(NUMBERS)), np.nan)
    group: list[int | None] = [None] * len(entries)
    notes, reasons = [""] * len(entries), [""] * len(entries)
    what: list[str | None] = [None] * len(entries)
    order: list[int] = []
    start = 0
    for place in places:
        known, own = scores[place], list(grid.places[place])
        at: dict[Entry, int] = {entry: start + number for number, entry in enumerate(own)}
        ranked = list(known.entries) if known else []
        rows = [at[entry] for entry in ranked]
        if known and ranked:
            numbers[rows] = found[place]["ranked"]
            label = covers(len(known.seeds), len(known.subjects))
            gain_notes = array_text(found[place]["notes"])
            for entry, row, note in zip(ranked, rows, gain_notes, strict=True):
                group[row], notes[row], what[row] = groups[place].group[entry], note, label
        others = unranked(grid, place, known)
        left_out: Mapping[Entry, str] = known.left_out if known else {}
        values = iter(found[place]["others"])
        for entry, alone in others.items():
            row = at[entry]
            text = str(facts["unranked"][row])
            reasons[row] = text or left_out.get(entry, "")
            if alone is not None:
                numbers[row, : len(ESTIMATE)] = next(values)
                what[row] = covers(*alone.shape)
        order += _best_first(numbers, start, len(own), grid.metric(place).higher_is_better)
        start += len(own)
    columns = dict(zip(NUMBERS, map(_listed, numbers.T), strict=True))
    gains = {name: columns.pop(name) for name in GAIN}
    estimate = {name: columns.pop(name) for name in ESTIMATE}
    table: dict[str, Sequence[object]] = {**facts, "why_unranked": reasons}
    table["records"] = table.pop("records")
    table |= estimate
    table |= {"interval_covers": what} | columns | {"group": group} | gains | {"gain_note": notes}
    return pd.DataFrame({
        name: [column[row] for row in order] for name, column in table.items()
    })  # fmt: skip


def unranked(
    grid: BoardIndex, place: Setting, scores: TargetScores | None
) -> dict[Pair, Scores | None]:
    """Entries of a place that have no rank, with their own scores."""
    ranked = set(scores.entries) if scores else set()
    return {
        entry: grid.own_scores(cells)
        for entry, cells in grid.places[place].items()
        if entry not in ranked
    }


def _best_first(numbers: Scores, start: int, count: int, higher_is_better: bool) -> list[int]:
    score = np.round(numbers[start : start + count, 0], DECIMALS)
    key = np.where(np.isnan(score), np.inf, -score if higher_is_better else score)
    unranked = np.isnan(numbers[start : start + count, NUMBERS.index("rank")])
    return [start + int(place) for place in np.lexsort((key, unranked))]


def entry_facts(board: BoardCard, grid: BoardIndex) -> Facts:
    """What rows say of entries besides their scores, by column.

    `trust` and `train_subjects_used` are the lowest among an entry's cells.
    """
    cells = [some for entries in grid.places.values() for some in entries.values()]
    first = np.array([some[0] for some in cells])
    every = np.concatenate(cells)
    counts = np.array([len(some) for some in cells])
    starts = np.cumsum(counts) - counts
    columns = grid.columns
    others = [name for name in columns if name.startswith("mean_") and name[5:] in METRICS]
    facts = {name: columns[name][first].tolist() for name in (*ROW, *FACTS, *COSTS)}
    for name in (*MEASURED, *others):
        sums = np.add.reduceat(columns[name][every].astype(np.float64), starts)
        facts[name] = _listed(sums / counts)
    for name in ("failures", "scored"):
        sums = np.add.reduceat(columns[name][every].astype(np.int64), starts)
        facts[name] = sums.tolist()
    for name in METHODS:
        facts[name] = _joined(columns[name], cells, starts)
    levels = np.array([LEVELS.index(one) for one in columns["trust"][every]])
    facts["trust"] = [LEVELS[place] for place in np.minimum.reduceat(levels, starts)]
    used = columns["train_subjects_used"][every].astype(np.int64)
    facts["train_subjects_used"] = np.minimum.reduceat(used, starts).tolist()
    facts["subjects"] = [len(one) for one in columns["subjects"][first]]
    ends = (starts + counts).tolist()
    parts = [slice(start, end) for start, end in zip(starts.tolist(), ends, strict=True)]
    seeds = [str(seed) for seed in columns["seed"][every]]
    facts["seeds"] = [",".join(seeds[part]) for part in parts]
    facts["seeds_wanted"] = [len(board.seeds)] * len(cells)
    components = _variance_components(grid, cells)
    facts["seed_sd"] = [one.seed_sd for one in components]
    facts["subject_sd"] = [one.subject_sd for one in components]
    entry = np.repeat(np.arange(len(cells)), counts)
    paths = columns["path"][every[np.lexsort((every, entry))]].tolist()
    facts["records"] = [tuple(paths[part]) for part in parts]
    return facts


def _joined(column: Column, cells: Sequence[Cells], starts: Cells) -> list[object]:
    """What the cells of each entry say, each once: seconds of two machines have two names."""
    codes, names = pd.factorize(column[np.concatenate(cells)])
    same = np.minimum.reduceat(codes, starts) == np.maximum.reduceat(codes, starts)
    return [
        names[code] if alike else " and ".join(dict.fromkeys(column[some]))
        for code, alike, some in zip(codes[starts], same, cells, strict=True)
    ]


def _variance_components(grid: BoardIndex, cells: Sequence[Cells]) -> list[VarianceComponents]:
    """Variance components of each entry, computed together where the shape is the same."""
    note = "its seeds have different subjects"
    found = [VarianceComponents(None, None, None, note)] * len(cells)
    subjects, scores = grid.columns["subjects"], grid.columns["scores"]
    alike: dict[tuple[int, int], list[int]] = {}
    for place, some in enumerate(cells):
        first, *others = map(subjects.__getitem__, some.tolist())
        if all(one is first or one == first for one in others):
            alike.setdefault((len(some), len(first)), []).append(place)
    for shape, places in alike.items():
        own = np.concatenate(scores[np.concatenate([cells[place] for place in places])])
        components = variance_components(own.reshape(-1, *shape))
        for place, one in zip(places, components, strict=True):
            found[place] = one
    return found


def _listed(values: npt.NDArray[np.float64]) -> list[object]:
    """Numbers, None where there is none."""
    return [None if value != value else value for value in values.tolist()]
