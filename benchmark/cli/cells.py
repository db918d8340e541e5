"""What commands that run cells share: pretrain, run what is missing, write the table."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cards.board import BoardCard
from benchmark.cli.leaderboard import print_board
from benchmark.cli.terminal import StageDisplay, bars, console, errors
from benchmark.errors import CardError
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.planning.transfers import GridSelection, Transfer
    from benchmark.records.store import Store
    from benchmark.workers import Workers


@dataclass(frozen=True, kw_only=True)
class Running(AbstractContextManager["Running"]):
    """What the options of `run` say besides which cells; its end is that of its workers."""

    device: str
    jobs: int
    allow_partial: bool
    dry_run: bool
    pictures: bool = True
    save_predictions: bool = False

    @cached_property
    def workers(self) -> "Workers":
        """Made, and torch imported, when there is work; one for pretraining and cells."""
        from benchmark.running.devices import set_threads
        from benchmark.workers import Workers

        set_threads(1)
        return Workers(self.jobs, partial(set_threads, self.jobs))

    def __exit__(self, *raised: object) -> None:
        """End the workers if there are any."""
        if "workers" in self.__dict__:
            self.workers.__exit__(*raised)


def run_board(
    workspace: Workspace,
    board: BoardCard,
    chosen: "GridSelection",
    folder: Path,
    how: Running,
    shipped: "Store | None" = None,
    others: tuple[str, ...] = (),
) -> None:
    """Pretrain what is missing, run what is missing, write and print the table.

    Finished cells of the sources `others` are copied from `shipped`.
    """
    from benchmark.records.store import Store

    store = Store(folder)
    with how:
        if _run(workspace, board, chosen, store, how, shipped, others):
            print_board(store, workspace.registry)


def _run(
    workspace: Workspace,
    board: BoardCard,
    chosen: "GridSelection",
    store: "Store",
    how: Running,
    shipped: "Store | None",
    others: tuple[str, ...],
) -> bool:
    """As `run_board`, without the table; whether there is one."""
    transfers = planned(workspace, board, chosen, how)
    if transfers is None:
        return False
    if shipped is not None and not how.dry_run:
        from benchmark.planning.existing_records import copy_existing_records

        copy_board(workspace, board, store.folder)
        known = [transfer for transfer in transfers if transfer.cell.source in others]
        if count := copy_existing_records(store, shipped, known):
            console.print(f"{count} cells copied from {shipped.folder}", highlight=False)
    todo = [cell for cell in transfers if not store.has(cell.cell, cell.key)]
    done = len(transfers) - len(todo)
    if how.dry_run:
        console.print(f"{done} of {len(transfers)} cells are done; to run:")
        for transfer in todo:
            console.print(f"  {transfer.cell.path}", highlight=False)
        return False
    copy_board(workspace, board, store.folder)
    if done:
        from benchmark.planning.existing_records import refresh_marks

        say_marked(refresh_marks(store, transfers))
    if todo:
        run_missing(workspace, store, todo, done, how)
    else:
        console.print(f"all {len(transfers)} cells were already done")
    return True


def say_marked(count: int) -> None:
    """Say that finished records were changed."""
    if count:
        console.print(f"{count} finished records marked as the cards say today", highlight=False)


def planned(
    workspace: Workspace, board: BoardCard, chosen: "GridSelection", how: Running
) -> "list[Transfer] | None":
    """The chosen cells once all their sources are pretrained; None where that is only told."""
    from benchmark.planning.transfers import missing_pretraining, plan

    if missing := missing_pretraining(workspace, board, chosen):
        if how.dry_run:
            console.print(f"to pretrain first: {', '.join(missing)}")
            return None
        from benchmark.running.board import pretrain_sources

        with counted("sources", how.workers, len(missing)) as count:
            pretrain_sources(workspace, board, missing, how.device, how.workers, count)
    return plan(workspace, board, chosen)


def run_missing(
    workspace: Workspace,
    store: "Store",
    todo: "list[Transfer]",
    done: int,
    how: Running,
) -> None:
    """Run cells and write their records, under progress bars."""
    from benchmark.running.board import CellRunner, run_transfers

    engine = CellRunner(
        workspace=workspace,
        device=how.device,
        allow_partial=how.allow_partial,
        pictures=store.folder / "pictures" if how.pictures else None,
        predictions=store.folder / "predictions",
        save_predictions=how.save_predictions,
    )
    with counted("cells", how.workers, done + len(todo), done) as count:
        run_transfers(todo, store, engine, how.workers, count)


@contextmanager
def counted(
    what: str, workers: "Workers", total: int, done: int = 0
) -> Iterator[Callable[[], None]]:
    """What counts results, under a progress bar for all and one for each worker.

    Ctrl-C ends with one line and exit status 130.
    """
    finished = done
    with bars() as progress:
        overall = progress.add_task(what, total=total, completed=done)

        def count() -> None:
            nonlocal finished
            finished += 1
            progress.update(overall, completed=finished)

        workers.listeners = [StageDisplay(progress) for _ in range(workers.jobs)]
        try:
            yield count
        except KeyboardInterrupt:
            progress.stop()
            errors.print(f"stopped: {finished} of {total} {what} are done; type the same command")
            raise typer.Exit(130) from None


def copy_board(workspace: Workspace, board: BoardCard, folder: Path) -> None:
    """Put the board's card into the folder; refuse a folder of another board or version."""
    from benchmark.cards.card import read_yaml

    source = workspace.registry.folders[board.id] / "board.yaml"
    target = folder / "board.yaml"
    if target.is_file() and read_yaml(target) != read_yaml(source):
        raise CardError(f"{target}: differs from {source}; choose another folder with --out")
    if not target.is_file():
        from benchmark.files import write_text

        write_text(target, source.read_text(encoding="utf-8"))
