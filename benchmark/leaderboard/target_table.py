"""The rows of all targets: every entry with mean, rank, group a, gain, spread and cost."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.bulk.array_files import Arrays, array_json
from benchmark.leaderboard.bulk.record_columns import RecordColumns, TextColumn
from benchmark.leaderboard.bulk.setting_statistics import ESTIMATE, GAIN, RANK
from benchmark.leaderboard.columns import ResultColumn, leaderboard_columns
from benchmark.leaderboard.index import BoardIndex, EntryKey, Rows, Setting
from benchmark.leaderboard.metric_ranks import metric_ranks
from benchmark.records.trust import LEVELS
from benchmark.statistics.anova import Scores
from benchmark.statistics.intervals import covers
from benchmark.statistics.scores import DECIMALS, Entry, TargetScores
from benchmark.statistics.variance_components import VarianceComponents, variance_components

STATISTICS = (*ESTIMATE, *RANK, *GAIN)
UNLEARNED = "nothing has learned on this target"
LEGACY = "leaking split"  # mark of every row of a `legacy` board
FAILED = "failed cells"  # mark of a row with cells whose training diverged
Table = dict[str, list[object]]


class _Statistics(NamedTuple):
    """Statistics of entries: the columns `STATISTICS` as one array, and three columns of text."""

    numbers: Scores
    covers: list[object]
    gain_notes: list[object]
    why_unranked: list[object]


def target_table(
    board: BoardCard,
    index: BoardIndex,
    scores: Mapping[Setting, TargetScores | None],
    statistics: Mapping[Setting, Arrays],
    unlearned: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per setting and entry: ranked entries best first, then the others.

    Args:
        board: Its card.
        index: All records.
        scores: Complete ranked scores of each setting.
        statistics: Of each setting, of `setting_statistics`.
        unlearned: Targets on which nothing has learned: their entries have no rank.
    """
    table = _entry_columns(board, index)
    parts: list[_Statistics] = []
    order: list[int] = []
    for setting, entries in index.settings.items():
        start, end = len(order), len(order) + len(entries)
        part = _setting_statistics(
            index, setting, scores[setting], statistics[setting], table["unranked"][start:end],
            learned=setting.target not in unlearned,
        )  # fmt: skip
        parts.append(part)
        order += _best_first(part.numbers, start, index.metric(setting).higher_is_better)
    numbers = np.concatenate([part.numbers for part in parts])
    table |= dict(zip(STATISTICS, map(_listed, numbers.T), strict=True))
    table["group"] = [None if group is None else int(str(group)[0]) for group in table["group"]]
    table["interval_covers"] = [label for part in parts for label in part.covers]
    table["gain_note"] = [note for part in parts for note in part.gain_notes]
    table["why_unranked"] = [reason for part in parts for reason in part.why_unranked]
    names = [name for name, _ in leaderboard_columns(index.records.numbers) if name in table]
    frame = pd.DataFrame({name: [table[name][row] for row in order] for name in names})
    frame["marks"] = _marks(frame, board)
    return frame.join(metric_ranks(frame))


def _setting_statistics(
    index: BoardIndex,
    setting: Setting,
    ranked: TargetScores | None,
    statistics: Arrays,
    unranked: Sequence[object],
    *,
    learned: bool,
) -> _Statistics:
    """Statistics of all entries of one setting, in its order.

    Args:
        index: All records.
        setting: One of the index.
        ranked: Its complete ranked scores, if any.
        statistics: Of the setting, of `setting_statistics`.
        unranked: Why records of each entry may not be ranked; "" where they may.
        learned: Whether anything has learned on the target; if not, no entry has a rank.
    """
    row_of: dict[Entry, int] = {entry: row for row, entry in enumerate(index.settings[setting])}
    count = len(row_of)
    numbers = np.full((count, len(STATISTICS)), np.nan)
    result = _Statistics(numbers, [None] * count, [""] * count, [""] * count)
    if ranked and ranked.entries:
        rows = [row_of[entry] for entry in ranked.entries]
        numbers[rows] = statistics["ranked"]
        for row, note in zip(rows, array_json(statistics["notes"]), strict=True):
            result.gain_notes[row] = note
            result.covers[row] = covers(len(ranked.seeds), len(ranked.subjects))
            result.why_unranked[row] = "" if learned else UNLEARNED
        if not learned:
            numbers[np.ix_(rows, [STATISTICS.index(name) for name in RANK])] = np.nan
    left_out = ranked.left_out if ranked else {}
    estimates = iter(statistics["others"])
    for entry, unranked_scores in unranked_entries(index, setting, ranked).items():
        row = row_of[entry]
        result.why_unranked[row] = unranked[row] or left_out.get(entry, "")
        if unranked_scores is not None:
            numbers[row, : len(ESTIMATE)] = next(estimates)
            result.covers[row] = covers(*unranked_scores.shape)
    shared = array_json(statistics["shared_notes"])
    for (entry, note), gain in zip(shared, statistics["shared"], strict=True):
        row = row_of[tuple(entry)]
        numbers[row, -len(GAIN) :], result.gain_notes[row] = gain, note
    return result


def _marks(rows: pd.DataFrame, board: BoardCard) -> list[str]:
    """Marks of the records of each row, with those of failed cells and of a leaking split."""
    return [
        ", ".join(filter(None, (mark, FAILED * bool(failed), LEGACY * board.legacy)))
        for mark, failed in zip(rows["marks"], rows["failed_cells"], strict=True)
    ]


def unranked_entries(
    index: BoardIndex, setting: Setting, scores: TargetScores | None
) -> dict[EntryKey, Scores | None]:
    """Entries of a setting that have no rank, with their own scores."""
    ranked = set(scores.entries) if scores else set()
    return {
        entry: index.entry_scores(rows)
        for entry, rows in index.settings[setting].items()
        if entry not in ranked
    }


def _best_first(numbers: Scores, start: int, higher_is_better: bool) -> list[int]:
    score = np.round(numbers[:, 0], DECIMALS)
    key = np.where(np.isnan(score), np.inf, -score if higher_is_better else score)
    unranked = np.isnan(numbers[:, STATISTICS.index("rank")])
    return [start + int(row) for row in np.lexsort((key, unranked))]


def _entry_columns(board: BoardCard, index: BoardIndex) -> Table:
    """Per entry its columns besides the statistics, combined over its records."""
    entries = [rows for entries in index.settings.values() for rows in entries.values()]
    records = index.records
    rows = np.concatenate(entries)
    counts = np.array([len(entry_rows) for entry_rows in entries])
    starts = np.cumsum(counts) - counts
    table: Table = {}
    for name, column in leaderboard_columns(records.numbers):
        if name in records.texts:
            table[name] = _combined_texts(records.texts[name], column, rows, starts, entries)
        elif name in records.numbers:
            table[name] = _combined_numbers(records, name, column, rows, starts, counts)
    table["subjects"] = [len(names) for names in index.subjects[rows[starts]]]
    parts = [slice(start, start + count) for start, count in zip(starts, counts, strict=True)]
    seeds = [str(seed) for seed in records.numbers["seed"][rows].tolist()]
    table["seeds"] = [",".join(seeds[part]) for part in parts]
    table["seeds_wanted"] = [len(board.seeds)] * len(entries)
    components = _variance_components(index, entries)
    table["seed_sd"] = [component.seed_sd for component in components]
    table["subject_sd"] = [component.subject_sd for component in components]
    entry = np.repeat(np.arange(len(entries)), counts)
    by_row = rows[np.lexsort((rows, entry))]
    paths = records.texts["path"].array()[by_row].tolist()
    table["records"] = [tuple(paths[part]) for part in parts]
    return table


def _combined_texts(
    texts: TextColumn, column: ResultColumn, rows: Rows, starts: Rows, entries: Sequence[Rows]
) -> list[object]:
    codes = texts.codes[rows]
    if column.combine == "lowest":
        level = np.array([LEVELS.index(value) for value in texts.values])[codes]
        return [LEVELS[lowest] for lowest in np.minimum.reduceat(level, starts)]
    if column.combine == "first":
        return [texts.values[code] for code in codes[starts]]
    same = np.minimum.reduceat(codes, starts) == np.maximum.reduceat(codes, starts)
    return [
        texts.values[code]
        if alike
        else " and ".join(dict.fromkeys(texts.values[other] for other in texts.codes[entry_rows]))
        for code, alike, entry_rows in zip(codes[starts], same, entries, strict=True)
    ]


def _combined_numbers(
    records: RecordColumns, name: str, column: ResultColumn, rows: Rows, starts: Rows, counts: Rows
) -> list[object]:
    values = records.numbers[name][rows]
    if column.combine == "first":
        return _listed(values[starts])
    if column.combine == "sum":
        return _listed(np.add.reduceat(values, starts))
    if column.combine == "lowest":
        return _listed(np.minimum.reduceat(values, starts))
    return _listed(np.add.reduceat(values.astype(np.float64), starts) / counts)


def _variance_components(index: BoardIndex, entries: Sequence[Rows]) -> list[VarianceComponents]:
    """Variance components of each entry, computed together where the shape is the same."""
    result = [VarianceComponents(None, None)] * len(entries)  # seeds with different subjects
    groups: dict[tuple[int, int], list[int]] = {}
    for number, rows in enumerate(entries):
        first, *others = index.subjects[rows]
        if all(names is first or names == first for names in others):
            groups.setdefault((len(rows), len(first)), []).append(number)
    for shape, numbers in groups.items():
        scores = np.concatenate(index.scores[np.concatenate([entries[k] for k in numbers])])
        components = variance_components(scores.reshape(-1, *shape))
        for number, component in zip(numbers, components, strict=True):
            result[number] = component
    return result


def _listed(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> list[object]:
    """Numbers, None where one is missing."""
    return [None if value != value else value for value in values.tolist()]
