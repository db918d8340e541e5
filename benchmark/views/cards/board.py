"""The summary of a board: its protocol as a paragraph of methods, its strategies, its state."""

from collections.abc import Iterable, Iterator

from benchmark.cards.board import BoardCard
from benchmark.cards.strategy import Strategy
from benchmark.views.cards.methods import methods
from benchmark.views.cards.results import BoardResults, Row
from benchmark.views.cards.summary import CardSummary
from benchmark.views.text import MISSING, TextTable, listed
from benchmark.workspace import Workspace


def board_summary(workspace: Workspace, board: BoardCard) -> CardSummary:
    """What a board compares under which protocol, and how far it is."""
    results = BoardResults.of(workspace, board)
    few = [f"{name}: {_sizes(sizes)}" for name, sizes in board.train_subjects_of.items()]
    unit = "sequences" if board.sequences else "cells"
    facts = {
        "about": [board.description],
        "images": [
            results.images + (", with a published split that leaks" if board.legacy else "")
        ],
        "state": [f"{results.records} of {results.cells} {unit} have a record in {results.folder}"],
        "methods": [methods(board)],
        "sources": [listed(board.sources, 40)],
        "targets": [listed(board.targets, 40)],
        "subjects": [f"training subjects: {_sizes(board.train_subjects)}", *few],
        "seeds": [", ".join(map(str, board.seeds))],
        "baseline": [f"{board.baseline}, on the same network and with the same strategy"],
        "reproduces": [board.reproduces.numbers] if board.reproduces else [],
        "sequences": [
            f"{name}: {', then '.join(' with '.join(stage) for stage in stages)}"
            for name, stages in board.sequences.items()
        ],
    }
    table = _strategies(board, list(results.rows()))
    return CardSummary("board", board, facts, table, [*_commands(board, results)])


def _strategies(board: BoardCard, rows: list[Row]) -> TextTable:
    lanes = ["lanes"] if len(board.lanes) > 1 else []
    columns = ["strategy", "trains", *lanes, "trainable", "statistics", "before"]
    cells = [
        [
            name,
            _trains(strategy),
            *([", ".join(board.lanes_of_strategy(name))] if lanes else []),
            _trainable(row for row in rows if row["strategy"] == name),
            _statistics(strategy),
            _stages(strategy),
        ]
        for name, strategy in board.strategies.items()
    ]
    return TextTable(
        "Strategies: what trains, parameters (of the records), batch norm, stages before",
        columns,
        cells,
    )


def _statistics(strategy: Strategy) -> str:
    """Where the running statistics of normalisation layers follow the images of the target."""
    if not strategy.freeze_norm_stats or {"encoder", "decoder"} <= {*strategy.train}:
        return "updated"
    return "fixed in frozen parts"


def _sizes(sizes: Iterable[int]) -> str:
    return ", ".join(str(size or "all") for size in sizes)


def _trains(strategy: Strategy) -> str:
    """Parts that train, with the factor of the learning rate and the rank of low-rank updates."""
    text = ", ".join(strategy.train)
    if strategy.layer_decay:
        text += f"; learning rate times {strategy.layer_decay:g} per layer"
    if strategy.lora:
        text += f"; rank {strategy.lora.rank}, alpha {strategy.lora.alpha}"
    if strategy.learning_rates:
        text += f"; learning rate {' or '.join(f'{rate:g}' for rate in strategy.learning_rates)}"
    return text


def _trainable(rows: Iterable[Row]) -> str:
    """Trainable parameters of the networks of a strategy, in millions."""
    counts = sorted(
        {int(row["trainable_parameters"]) for row in rows if row["trainable_parameters"]}
    )
    texts = dict.fromkeys(f"{count / 1e6:.3g} M" for count in (counts[:1] + counts[-1:]))
    return " to ".join(texts) or MISSING


def _stages(strategy: Strategy) -> str:
    stages = (
        f"{', '.join(stage.train)} for {stage.steps} steps at {stage.learning_rate:g}"
        for stage in strategy.stages
    )
    return "; ".join(stages) or MISSING


def _commands(board: BoardCard, results: BoardResults) -> Iterator[str]:
    if results.records:
        yield f"segtransfer leaderboard {board.id}"
    if results.records < results.cells:
        command = "sequence" if board.sequences else "run"
        yield f"segtransfer {command} {board.id} --dry-run"
