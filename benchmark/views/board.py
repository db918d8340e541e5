"""Everything that is shown of one leaderboard folder, in every output format."""

import os
from collections.abc import Sequence
from functools import cached_property
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmark.cards.board import BoardCard
from benchmark.files import write_text
from benchmark.leaderboard.folder import load_leaderboard, of_target, read_folder
from benchmark.leaderboard.match import MatchView, registered_match_views
from benchmark.leaderboard.published import PublishedComparison
from benchmark.leaderboard.sequences import SequenceReport, read_sequences
from benchmark.leaderboard.subgroups import Subgroup, registered_groups, subgroups
from benchmark.records.store import Store
from benchmark.views.csv import to_csv
from benchmark.views.figures.catalogue import write_figures
from benchmark.views.figures.published import published_plot
from benchmark.views.json import to_json
from benchmark.views.latex import to_latex
from benchmark.views.markdown import to_markdown, write_leaderboard
from benchmark.views.match import match_tables
from benchmark.views.page.context import page_records
from benchmark.views.page.write import write_page
from benchmark.views.parquet import to_parquet
from benchmark.views.published import reproduction_csv, reproduction_markdown
from benchmark.views.sequences import footer, print_sequences, sequence_markdown, sequence_tables
from benchmark.views.terminal import print_leaderboard
from benchmark.views.text import TextTable
from benchmark.workspace import Workspace

WIDTH = 120  # characters of the text format, where no other width is given


class BoardView:
    """A leaderboard with its sequences and its effects of domain and task match."""

    def __init__(
        self, store: Store, workspace: Workspace, *, clean: bool = False, target: str = ""
    ) -> None:
        """Read the records of a folder.

        Args:
            store: The leaderboard folder.
            workspace: All cards, and the cache of what was read before.
            clean: Leave out cells whose source was pretrained on the target's data.
            target: Show one target only; "" for all.

        Raises:
            RecordError: A record is damaged or not the board's.
            CardError: There is no record of the target.
        """
        self.store, self.registry, self.target = store, workspace.registry, target
        board = load_leaderboard(store.folder, workspace, clean=clean)
        self.leaderboard = of_target(board, target) if target else board

    @cached_property
    def sequences(self) -> SequenceReport | None:
        """Results of the board's sequences; None if no sequence is finished."""
        return read_sequences(self.store.folder, self.leaderboard.board)

    @cached_property
    def matches(self) -> list[MatchView]:
        """Effects of domain match and task match; none of one target alone."""
        return [] if self.target else registered_match_views(self.leaderboard, self.registry)

    @cached_property
    def groups(self) -> list[Subgroup]:
        """Scores of groups of test subjects, on data sets that have any."""
        return [*subgroups(self.leaderboard, registered_groups(self.registry))]

    @property
    def match_tables(self) -> list[TextTable]:
        """The effects as a table, if sources of several domains take part."""
        return match_tables(self.matches)

    def print(self, console: Console) -> None:
        """Print every table."""
        if len(self.leaderboard.rows) or self.sequences is None:
            print_leaderboard(self.leaderboard, console, self.match_tables)
        if self.sequences is not None:
            print_sequences(self.sequences, console)

    def write_tables(self) -> bool:
        """Write leaderboard.csv and README.md into the folder, if it has rows and is writable.

        Returns:
            Whether they were written; tables of a part of the records never are.
        """
        complete = len(self.leaderboard.rows) > 0 and not self.target and not self.leaderboard.clean
        writable = complete and os.access(self.store.folder, os.W_OK)
        if writable:
            write_leaderboard(self.store.folder, self.leaderboard, self.match_tables)
        return writable

    def to_text(self, width: int = WIDTH) -> str:
        """The tables as they are printed, in lines of so many characters."""
        console = Console(file=StringIO(), width=width)
        with console.capture() as captured:
            self.print(console)
        return captured.get()

    def to_markdown(self) -> str:
        """The tables in Markdown."""
        parts = []
        if len(self.leaderboard.rows) or self.sequences is None:
            parts.append(to_markdown(self.leaderboard, self.match_tables))
        if self.sequences is not None:
            parts.append(sequence_markdown(self.sequences))
        return "\n".join(parts)

    def to_latex(self) -> str:
        """The tables in LaTeX with booktabs."""
        if self.sequences is None:
            return to_latex(self.leaderboard, self.match_tables)
        tables = [*self.match_tables, *sequence_tables(self.sequences)]
        return to_latex(self.leaderboard, tables, [footer(self.sequences)])

    def to_csv(self) -> str:
        """The rows of all targets with every number."""
        return to_csv(self.leaderboard)

    def to_json(self) -> str:
        """All numbers, by the schema of `views.json_schema`."""
        return to_json(self.leaderboard, self.matches, self.sequences, self.groups)

    def to_parquet(self) -> bytes:
        """The rows of all targets with every number.

        Raises:
            BenchmarkError: pyarrow is not installed.
        """
        return to_parquet(self.leaderboard)


def write_board_page(store: Store, out: Path, workspace: Workspace) -> None:
    """Write one leaderboard folder as one self-contained HTML page.

    Args:
        store: The leaderboard folder.
        out: The file.
        workspace: All cards, and the cache of what was read before.

    Raises:
        RecordError: A record is damaged or not the board's.
    """
    boards = read_folder(store, workspace.table_cache, workspace.registry.sources_of(store.board()))
    facts = page_records(boards.records)
    write_page(out, boards.full, boards.clean, facts, store.folder, workspace.registry)


def write_reproduction(
    folder: Path, board: BoardCard, comparisons: Sequence[PublishedComparison], beside: str = ""
) -> list[Path]:
    """Write tables and figure into a leaderboard folder; returns the files.

    Raises:
        RecordError: The folder cannot be written.
    """
    files = {
        "reproduction.csv": reproduction_csv(comparisons),
        "reproduction.md": reproduction_markdown(board, comparisons, beside),
    }
    for name, text in files.items():
        write_text(folder / name, text)
    figures, _ = write_figures(folder, [published_plot(board.id, comparisons, beside)])
    return [*(folder / name for name in files), *figures]
