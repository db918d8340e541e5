"""`segtransfer run BOARD --rerun-of PATH`: the cells of a submission run again and compared."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

import benchmark
from benchmark.cards.board import BoardCard
from benchmark.cli.monitor import TerminalMonitor
from benchmark.cli.submit import print_checks
from benchmark.cli.terminal import console, print_text
from benchmark.errors import SubmissionError
from benchmark.views.text import TextTable, counted
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.submission.read_pack import Submission
    from benchmark.submission.rerun import Rerun


def rerun(
    workspace: Workspace,
    board: BoardCard,
    path: Path,
    out: Path | None,
    options: "benchmark.RunOptions",
    cells: int | None,
    draw: int,
    dry_run: bool,
) -> None:
    """Run a submission's cells again, or some of them, compare, and write rerun.json.

    Raises:
        SubmissionError: The submission is refused, or made under other conditions than here.
    """
    from benchmark.running.board import create_board_folder
    from benchmark.running.session import RunSession
    from benchmark.submission.rerun import choose

    with benchmark.verify_submission(path, workspace) as verdict:
        submission = verdict.submission
        if verdict.refused or submission is None:
            print_checks(verdict)
            raise SubmissionError(f"{path}: was refused; nothing was run")
        workspace, source = submission.workspace, submission.card.id
        if submission.board.id != board.id:
            raise SubmissionError(f"{path}: is of board {submission.board.id!r}, not {board.id!r}")
        names = choose(sorted(submission.records), cells, draw)
        store = benchmark.Store(out or Path("runs") / f"{board.id}_rerun_{source}")
        if dry_run:
            todo = sorted({*names} - {*store.files()})
            print_text(f"{counted(len(names), 'cell')} of {path}, to run:")
            print_text(*(f"  {name}" for name in todo))
            return
        with RunSession(workspace, options, TerminalMonitor()) as session:
            transfers = session.pretrain_and_plan(board, _grid_of(submission, names))
            for transfer in transfers:
                _same_conditions(submission, transfer.cell.path, transfer.fingerprints.model_dump())
            create_board_folder(workspace, board, store.folder)
            session.run_cells(transfers, store)
            session.failures.raise_if_any()
        _compare(submission, store, [transfer.cell.path for transfer in transfers])


def _grid_of(submission: "Submission", names: list[str]) -> "benchmark.GridSelection":
    """The cells of some records of a submission."""
    cells = [submission.records[name].cell for name in names]
    return benchmark.GridSelection(
        sources=tuple(dict.fromkeys(cell.source for cell in cells)),
        targets=tuple(dict.fromkeys(cell.target for cell in cells)),
        only=frozenset(names),
    )


def _same_conditions(submission: "Submission", name: str, expected: dict[str, str]) -> None:
    submitted = submission.records[name].fingerprints.model_dump()
    if fields := [field for field, value in expected.items() if submitted[field] != value]:
        raise SubmissionError(
            f"{name}: was made with other {', '.join(fields)} than those on this machine; a re-run "
            "needs the same"
        )


def _compare(submission: "Submission", store: "benchmark.Store", names: list[str]) -> None:
    from benchmark.records.predictions import read_hashes
    from benchmark.submission.rerun import Rerun, compare_cell, write_rerun

    again = {name: store.read(submission.records[name].cell) for name in names}
    processors = {
        name: read_hashes(store.folder / "predictions" / name).processor for name in names
    }
    result = Rerun(
        board=submission.board.id,
        source=submission.card.id,
        environment=again[names[0]].environment,
        processor=processors[names[0]],
        cells=tuple(
            compare_cell(submission, name, again[name], processors[name]) for name in names
        ),
    )
    path = write_rerun(store.folder, result)
    _print(result)
    print_text(f"re-run: {path}")
    if not all(cell.confirmed for cell in result.cells):
        raise typer.Exit(1)


def _print(rerun: "Rerun") -> None:
    from benchmark.views.terminal import print_table

    rows = [
        (cell.record, f"{cell.difference:+.4f}", f"{cell.tolerance:.4f}", cell.verdict)
        for cell in rerun.cells
    ]
    print_table(TextTable("", ("cell", "mean, new - old", "tolerance", "result"), rows), console)
    confirmed = sum(cell.confirmed for cell in rerun.cells)
    print_text(f"{confirmed} of {counted(len(rerun.cells), 'cell')} confirmed on {rerun.by}")
