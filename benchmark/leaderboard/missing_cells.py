"""The cells of a board that have no ranked record."""

from collections.abc import Mapping

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import Lane
from benchmark.cards.source import SourceCard
from benchmark.leaderboard.bulk.record_columns import RecordColumns
from benchmark.records.cell import cell_paths

Sources = Mapping[str, SourceCard]
NO_CARDS: Sources = {}


def missing_cells(
    board: BoardCard, records: RecordColumns, sources: Sources = NO_CARDS
) -> tuple[str, ...]:
    """Paths of the cells without a ranked record, of every source that is named or has records.

    Args:
        board: Its grid.
        records: All of its records.
        sources: Cards that tell which lanes a source can enter; one without a card is expected in
            the lanes in which it has records, or in the board's only lane.
    """
    unranked = records.texts["unranked"].array()
    ranked = set(records.texts["path"].array()[unranked == ""])
    return tuple(path for path in expected_cells(board, records, sources) if path not in ranked)


def expected_cells(
    board: BoardCard, records: RecordColumns, sources: Sources = NO_CARDS
) -> list[str]:
    """Paths of all cells of every source that is named or has records; as `missing_cells`."""
    texts = {name: records.texts[name].array() for name in ("source", "lane")}
    seen = set(zip(texts["source"], texts["lane"], strict=True))

    def lanes(source: str) -> tuple[Lane, ...]:
        """The lanes in which a source is expected."""
        if len(board.lanes) == 1:
            return board.lanes
        if source in sources:
            return board.lanes_of(sources[source])
        return tuple(lane for lane in board.lanes if (source, lane) in seen)

    entries = {
        source: [(lane, name) for lane in lanes(source)
                 for name in board.strategies_for(source, lane)]
        for source in dict.fromkeys([*board.sources, *texts["source"]])
    }  # fmt: skip
    return cell_paths(board, entries)
