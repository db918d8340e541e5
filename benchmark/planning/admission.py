"""What a board admits: sources that fit one of its lanes, targets of one network per cell."""

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import encoder_lane
from benchmark.cards.source import SourceCard
from benchmark.cards.target import TargetCard
from benchmark.errors import CardError


def check_folds(board: BoardCard, target: TargetCard) -> None:
    """Check that a board with pooled scores or sequences has one network per cell.

    Raises:
        CardError: The target is cross-validated.
    """
    if target.folds and (board.pooled_metrics or board.sequences):
        raise CardError(
            f"board {board.id}: {target.id} has {target.folds} folds; pooled scores and "
            "sequences are of one network, give its card `fold:` in place of `folds:`"
        )


def check_lanes(board: BoardCard, source: SourceCard) -> None:
    """Check that a source can enter a lane of a board.

    Raises:
        CardError: It cannot; with the lanes that its network can enter.
    """
    if not board.lanes_of(source):
        encoder = board.encoder_of(source, board.lanes[0])
        raise CardError(
            f"source task {source.id!r}: {encoder} can enter lane {encoder_lane(encoder)} or "
            f"linear, but board {board.id!r} has {', '.join(board.lanes)}; choose one of "
            f"`segtransfer list boards --lane {encoder_lane(encoder)}`"
        )
