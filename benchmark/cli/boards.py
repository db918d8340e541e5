"""`segtransfer run` and `demo`: from a board to its table."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cards.board import BoardCard
from benchmark.cards.registry import Registry
from benchmark.cli.leaderboards import print_board
from benchmark.cli.terminal import StageDisplay, bars, console, errors, names, numbers, settings
from benchmark.errors import CardError

if TYPE_CHECKING:
    from benchmark.records.store import Store
    from benchmark.running.plan import Selection, Transfer


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the options of `run` say besides which cells."""

    device: str
    jobs: int
    allow_partial: bool
    dry_run: bool
    pictures: bool = True


def run(
    board: Annotated[str, typer.Argument(help="Id of the board.")],
    sources: Annotated[str, typer.Option(help="Comma-separated; any source card.")] = "",
    targets: Annotated[str, typer.Option(help="Comma-separated; of the board.")] = "",
    strategies: Annotated[str, typer.Option(help="Comma-separated; of the board.")] = "",
    sizes: Annotated[str, typer.Option(help="Numbers of training subjects; 0 = all.")] = "",
    seeds: Annotated[str, typer.Option(help="Comma-separated; of the board.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Leaderboard folder [default: runs/BOARD].")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Cells at a time, a process each.")] = 1,
    limit_steps: Annotated[
        int | None, typer.Option(min=1, help="Trial with fewer steps; unranked.")
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Accept incomplete weights; marked.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is to do.")] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Draw three test cases of each cell.")
    ] = True,
) -> None:
    """Run a board's transfers and print its table.

    Finished cells are never run again: after Ctrl-C or a crash, type the same command.
    """
    from benchmark.running.plan import Selection

    chosen = Selection(
        sources=names(sources),
        targets=names(targets),
        strategies=names(strategies),
        train_subjects=numbers("--sizes", sizes),
        seeds=numbers("--seeds", seeds),
        limit_steps=limit_steps,
    )
    registry = settings.registry()
    card = registry.board(board)
    trial = f"_trial{limit_steps}" if limit_steps else ""
    folder = out or Path("runs") / f"{board}{trial}"
    how = Running(
        device=device, jobs=jobs, allow_partial=allow_partial, dry_run=dry_run, pictures=pictures
    )
    run_board(registry, card, chosen, folder, how)


def demo(
    out: Annotated[Path, typer.Option(help="Leaderboard folder.")] = Path("runs/demo_v1"),
) -> None:
    """Offline and synthetic: pretrain two sources on phantoms, fine-tune, score, rank."""
    from benchmark.running.plan import Selection

    registry = settings.registry()
    how = Running(device="cpu", jobs=1, allow_partial=False, dry_run=False)
    run_board(registry, registry.board("demo_v1"), Selection(), out, how)


def run_board(
    registry: Registry,
    board: BoardCard,
    chosen: "Selection",
    folder: Path,
    how: Running,
) -> None:
    """Pretrain what is missing, run what is missing, write and print the table."""
    from benchmark.records.store import Store
    from benchmark.running.plan import missing_pretraining, plan

    store = Store(folder)
    if missing := missing_pretraining(registry, board, chosen, settings.home):
        if how.dry_run:
            console.print(f"to pretrain first: {', '.join(missing)}")
            return
        from benchmark.running.grid import pretrain_sources

        with bars() as progress:
            show_stage = StageDisplay(progress)
            pretrain_sources(registry, board, missing, settings.home, how.device, show_stage)
    transfers = plan(registry, board, chosen, settings.home)
    todo = [cell for cell in transfers if not store.has(cell.cell, cell.key)]
    done = len(transfers) - len(todo)
    if how.dry_run:
        console.print(f"{done} of {len(transfers)} cells are done; to run:")
        for transfer in todo:
            console.print(f"  {transfer.cell.path}", highlight=False)
        return
    copy_board(registry, board, folder)
    if todo:
        run_missing(registry, store, todo, done, how)
    else:
        console.print(f"all {len(transfers)} cells were already done")
    print_board(store, registry)


def run_missing(
    registry: Registry,
    store: "Store",
    todo: "list[Transfer]",
    done: int,
    how: Running,
) -> None:
    """Run cells under progress bars; Ctrl-C ends with one line and exit status 130."""
    from benchmark.running.engines import Engine
    from benchmark.running.grid import run_transfers

    finished = done
    with bars() as progress:
        total = done + len(todo)
        overall = progress.add_task("cells", total=total, completed=done)

        def count() -> None:
            nonlocal finished
            finished += 1
            progress.update(overall, completed=finished)

        engine = Engine(
            device=how.device,
            jobs=how.jobs,
            allow_partial=how.allow_partial,
            pictures=store.folder / "pictures" if how.pictures else None,
        )
        stages = StageDisplay(progress, "starting" if how.jobs == 1 else f"{how.jobs} at a time")
        try:
            run_transfers(todo, registry, store, settings.home, engine, stages, count)
        except KeyboardInterrupt:
            progress.stop()
            errors.print(f"stopped: {finished} of {total} cells are done; type the same command")
            raise typer.Exit(130) from None


def copy_board(registry: Registry, board: BoardCard, folder: Path) -> None:
    """Put the board's card into the folder; refuse a folder of another board or version."""
    from benchmark.cards.card import read_yaml

    source = registry.folders[board.id] / "board.yaml"
    target = folder / "board.yaml"
    if target.is_file() and read_yaml(target) != read_yaml(source):
        raise CardError(f"{target}: differs from {source}; choose another folder with --out")
    if not target.is_file():
        from benchmark.records.store import write_text

        write_text(target, source.read_text(encoding="utf-8"))
