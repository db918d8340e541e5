"""How long each cell probably takes: by measured cells, otherwise by its training steps."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean

from benchmark.cards.board import BoardCard
from benchmark.cards.registry import Registry
from benchmark.cards.strategy import Strategy


def cell_steps(registry: Registry, board: BoardCard, paths: Iterable[str]) -> dict[str, float]:
    """Networks x steps of each cell, by the path of its record.

    A network is trained per fold and learning rate. Steps of a protocol in epochs are counted in
    proportion to the number of training subjects, where 0 (all) counts as twice the largest. Of a
    target without a card, one fold is counted. Cells of strategies that the board does not have are
    left out.
    """
    return {
        path: _networks(registry, board, path) * _steps(board, path)
        for path in paths
        if _strategy_name(path) in board.strategies
    }


def sequence_stages(board: BoardCard, paths: Iterable[str]) -> dict[str, float]:
    """Number of stages of each sequence, by the path of its record."""
    return {path: float(len(board.sequences[path.split("/")[0]])) for path in paths}


def expected_seconds(steps: Mapping[str, float], measured: Mapping[str, float]) -> dict[str, float]:
    """Expected seconds of each cell.

    Args:
        steps: Networks x steps (of sequences: stages) by path, of all cells.
        measured: Seconds by path, of those that were timed.

    Returns:
        By path: steps times the mean seconds a step of the measured cells that are most similar:
        those of other seeds, of the same source and strategy, of the same strategy, or all.
        Without any, the steps.
    """
    rates = defaultdict[Sequence[str], list[float]](list)
    for path, seconds in measured.items():
        for group in _groups(path) if path in steps else ():
            rates[group].append(seconds / steps[path])
    means = {group: fmean(values) for group, values in rates.items()}
    return {
        path: count * next((means[group] for group in _groups(path) if group in means), 1.0)
        for path, count in steps.items()
    }


def _groups(path: str) -> Iterator[Sequence[str]]:
    """What cells may have in common with this one, most similar first."""
    parts = tuple(path.split("/"))
    yield parts[:-1]
    yield parts[1:3]
    yield parts[2:3]
    yield ()


def _networks(registry: Registry, board: BoardCard, path: str) -> int:
    target, strategy = path.split("/")[0], _strategy(board, path)
    rates = strategy.learning_rates or board.protocol.learning_rates
    folds = registry.targets[target].folds if target in registry.targets else None
    return (folds or 1) * len(rates)


def _steps(board: BoardCard, path: str) -> int:
    stages = sum(stage.steps for stage in _strategy(board, path).stages)
    if board.protocol.steps:
        return stages + board.protocol.steps
    size = path.split("/")[3].removeprefix("n")
    subjects = int(size) if size != "all" else 2 * max(board.train_subjects) or 1
    return stages + (board.protocol.epochs or 1) * subjects


def _strategy(board: BoardCard, path: str) -> Strategy:
    return board.strategies[_strategy_name(path)]


def _strategy_name(path: str) -> str:
    return path.split("/")[2].partition(".")[0]
