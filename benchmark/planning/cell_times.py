"""How long each cell probably takes: by measured cells, otherwise by its training steps."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
        By path: steps times the mean seconds a step of the same cell with other seeds. Of a cell
        without any: steps times the seconds a step of all measured cells, times a factor each for
        its target, source, strategy and size. Without any measured cell, the steps.
    """
    known = {path: seconds for path, seconds in measured.items() if path in steps}
    total = sum(known.values())
    if not total:
        return dict(steps)
    rate = total / sum(steps[path] for path in known)
    expected = {path: rate * count for path, count in steps.items()}
    for axis in range(next(iter(known)).count("/")):
        ratios = defaultdict[str, list[float]](lambda: [1.0])  # one cell alone says little
        for path, seconds in known.items():
            ratios[path.split("/")[axis]].append(seconds / expected[path])
        factors = {name: fmean(values) for name, values in ratios.items()}
        for path in expected:
            expected[path] *= factors.get(path.split("/")[axis], 1.0)
    other_seeds = defaultdict[str, list[float]](list)
    for path, seconds in known.items():
        other_seeds[_without_seed(path)].append(seconds / steps[path])
    means = {cell: fmean(rates) for cell, rates in other_seeds.items()}
    return {
        path: steps[path] * means[cell] if (cell := _without_seed(path)) in means else seconds
        for path, seconds in expected.items()
    }


def _without_seed(path: str) -> str:
    return path.rpartition("/")[0]


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
