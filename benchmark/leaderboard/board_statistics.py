"""The statistics of a board: what is computed of its scores, cached and in parallel."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import LANES
from benchmark.leaderboard.bulk.array_files import Arrays
from benchmark.leaderboard.bulk.setting_statistics import SettingTask, SizeTask, Task, statistics_of
from benchmark.leaderboard.bulk.statistics_cache import StatisticsCache
from benchmark.leaderboard.index import BoardIndex, LaneSize, Setting
from benchmark.leaderboard.target_table import unranked_entries
from benchmark.statistics.scores import TargetScores, stack_runs
from benchmark.workers import Workers

Key: TypeAlias = Setting | LaneSize
WORTH_PROCESSES = 10**8  # work of a second or two


def board_statistics(
    board: BoardCard,
    index: BoardIndex,
    scores: Mapping[Setting, TargetScores | None],
    targets: Sequence[str],
    cache: StatisticsCache,
    workers: Workers,
) -> tuple[dict[Setting, Arrays], dict[LaneSize, Arrays]]:
    """Statistics of each setting, and of each lane and size over some of the targets.

    Settings of one lane and number of training subjects share their draws and are computed
    together, unless there are too few of these to keep all cores busy.

    Args:
        board: Its card.
        index: Its records.
        scores: Complete ranked scores of each setting, if there are any.
        targets: Those over which entries are ranked.
        cache: Statistics computed before.
        workers: Processes that compute the others.
    """
    settings = {key: _setting_task(board, index, key, ranked) for key, ranked in scores.items()}
    sizes = _size_tasks(board, index, scores, targets)
    together = len(sizes) >= 4 * workers.jobs
    tasks: dict[Key, Task] = dict([*settings.items(), *sizes.items()])
    bundles: dict[Key, list[Key]] = {}
    for key in tasks:
        size = LaneSize(key.lane, key.train_subjects)
        bundles.setdefault(size if together else key, []).append(key)
    parallel = sum(_work(task) for task in settings.values()) > WORTH_PROCESSES
    todo = [[tasks[key] for key in keys] for keys in bundles.values()]
    results = cache.get_or_compute(statistics_of, todo, workers, parallel=parallel)
    by_key = {
        key: arrays
        for keys, computed in zip(bundles.values(), results, strict=True)
        for key, arrays in zip(keys, computed, strict=True)
    }
    return {key: by_key[key] for key in settings}, {key: by_key[key] for key in sizes}


def _setting_task(
    board: BoardCard, index: BoardIndex, setting: Setting, scores: TargetScores | None
) -> SettingTask:
    """What is to be computed for one setting; `scores` are its complete ranked ones."""
    complete = scores or stack_runs(setting.target, {}, board.seeds)
    baselines = index.baselines([setting], board.baseline)
    others = unranked_entries(index, setting, scores).values()
    entries = set(complete.entries)
    return SettingTask(
        complete,
        {entry: baseline for entry, baseline in baselines.items() if entry in entries},
        (0.0, index.metric(setting).bounds[1]),
        tuple(matrix for matrix in others if matrix is not None),
        index.shared_scores(
            setting,
            [pair for pair in baselines.items() if pair[0] != pair[1] and not {*pair} <= entries],
        ),
    )


def _size_tasks(
    board: BoardCard,
    index: BoardIndex,
    scores: Mapping[Setting, TargetScores | None],
    targets: Sequence[str],
) -> dict[LaneSize, SizeTask]:
    """What is to be computed for each lane and number of training subjects with ranked cells.

    Args:
        board: Its card.
        index: All records.
        scores: Complete ranked scores of each setting.
        targets: The ones that count, with scores or without.
    """
    tasks = {}
    sizes = {setting.lane_size for setting, ranked in scores.items() if ranked}
    for size in sorted(sizes, key=lambda size: (LANES.index(size.lane), size.train_subjects)):
        complete = tuple(
            scores.get(Setting(name, *size)) or stack_runs(name, {}, board.seeds)
            for name in targets
        )
        settings = [setting for setting in index.settings if setting.lane_size == size]
        baselines = index.baselines(settings, board.baseline, ranked=True)
        tasks[size] = SizeTask(complete, baselines)
    return tasks


def _work(task: SettingTask) -> int:
    """How much there is to compute, in scores of pairs and redraws."""
    entries, scores = len(task.scores.entries), task.scores.values[:1].size
    return entries * (entries * scores + 20_000) + len(task.others) * 10_000
