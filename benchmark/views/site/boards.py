"""The boards of a site, those on real images first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.rows import entries_of
from benchmark.views.figures.style import entry_name, size_name
from benchmark.views.page.charts.board import largest_settings
from benchmark.views.page.context import Context
from benchmark.views.page.sections import mark_counts, sequence_marks
from benchmark.views.text import listed

MOST = 12  # settings of a board that the index names
NAMED = 5  # candidates of a setting that it names


@dataclass(frozen=True)
class SiteBoard:
    """One board of the site; `page` is the address of its page from the index, percent-encoded."""

    page: str
    context: Context

    @property
    def card(self) -> BoardCard:
        """The board itself."""
        return self.context.board.board

    @property
    def records(self) -> int:
        """Number of its records."""
        return len(self.context.records)

    @property
    def has_results(self) -> bool:
        """Whether anything was run."""
        return self.records > 0 or self.context.sequences is not None

    @property
    def synthetic(self) -> bool:
        """Whether all its images are synthetic; without results, by the cards of its targets."""
        board, sequences = self.context.board, self.context.sequences
        if len(board.rows):
            return board.synthetic
        if sequences:
            return sequences.synthetic
        registry, targets = self.context.registry, set(self.card.targets)
        return targets <= registry.targets.keys() and registry.is_synthetic(self.card)

    @property
    def marks(self) -> Mapping[str, str]:
        """Marks of its entries, and of those of its sequences."""
        return sequence_marks(self.context.sequences) | mark_counts(self.context.board.rows)

    @property
    def candidates(self) -> list[tuple[str, str, str]]:
        """Candidates for the best: address of the table, setting and entries, at most MOST.

        Of each target and lane, those with the most training subjects; of many candidates the
        first, and how many of the ranked entries they are.
        """
        every = [*self._candidates()]
        more = len(every) - MOST
        return every[:MOST] + ([(self.page, "more settings", str(more))] if more > 0 else [])

    def _candidates(self) -> Iterator[tuple[str, str, str]]:
        board = self.context.board
        for setting in largest_settings(board):
            several = self.context.several_strategies
            ranked = board.ranked_rows(setting)
            best = entries_of(ranked[ranked["group"].notna()])
            words = f"{setting.target}, {size_name(board, setting.lane_size)}"
            if best:
                address = f"{self.page}#{self.context.targets[setting.target]}"
                names = listed([entry_name(*entry, several) for entry in best], NAMED)
                if len(best) > NAMED:
                    names += f" ({len(best)} of {len(ranked)} entries)"
                yield address, words, names


def grouped(boards: Sequence[SiteBoard]) -> dict[str, list[SiteBoard]]:
    """The boards by what they show: real images before synthetic ones, results before none.

    In each group those with the most records come first.
    """
    titles = {
        (False, True): "Real images",
        (False, False): "Real images, no results yet",
        (True, True): "Synthetic images: how the comparison works, no evidence",
        (True, False): "Synthetic images, no results yet",
    }
    largest = sorted(boards, key=lambda board: (-board.records, board.card.id))
    groups = {
        title: [board for board in largest if (board.synthetic, board.has_results) == kind]
        for kind, title in titles.items()
    }
    return {title: members for title, members in groups.items() if members}
