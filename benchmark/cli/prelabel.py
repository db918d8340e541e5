"""`segtransfer prelabel`: labels proposed for cases that have none, to be corrected by a person."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

import benchmark
from benchmark.cards.dataset import DatasetCard
from benchmark.cli.monitor import TerminalMonitor
from benchmark.cli.options import Device, Threads
from benchmark.cli.terminal import print_text, settings, stages
from benchmark.errors import CardError
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.data.cases import Case

T = TypeVar("T", str, int)


KeptWeights = Annotated[
    Path | None, typer.Option(help="network.safetensors of an earlier call; no fine-tuning.")
]
Size = Annotated[
    int | None,
    typer.Option(help="Number of training subjects, 0 for all (default: the board's only one)."),
]
Seed = Annotated[
    int | None, typer.Option(help="Of all random numbers (default: the board's first).")
]
NewName = Annotated[
    str, typer.Option(help="Id of the new data set (default: DATASET_prelabelled).")
]


def prelabel(
    board: Annotated[str, typer.Argument(help="Id of the board whose protocol is used.")],
    target: Annotated[str, typer.Option(help="Target task: the labelled cases (SEED images).")],
    source: Annotated[str, typer.Option(help="Source task that the network starts from.")],
    images: Annotated[Path, typer.Option(help="Folder of images in the data set's layout.")],
    out: Annotated[Path, typer.Option(help="Folder for label maps, manifest and card.")],
    strategy: Annotated[str, typer.Option(help="Of the board (default: its only one).")] = "",
    size: Size = None,
    seed: Seed = None,
    name: NewName = "",
    weights: KeptWeights = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Fine-tune on few labelled cases, propose labels for the others, the least sure first.

    The folder is a data set of its own: correct its label maps in ITK-SNAP or 3D Slicer, then
    import it. Cases that have labels are not left out by themselves: give a folder without them.
    """
    from benchmark.prelabel.proposals import CERTAINTY, refuse_corrected
    from benchmark.prelabel.unlabelled import unlabelled_cases
    from benchmark.running.session import RunSession

    workspace = settings.workspace
    card, problem = workspace.registry.board(board), workspace.registry.target(target)
    lanes = card.lanes_of(workspace.registry.source(source))[:1]
    chosen = benchmark.GridSelection(
        sources=(source,), targets=(target,), lanes=lanes,
        strategies=(_only("--strategy", strategy or None, card.strategies_for(source, *lanes)),),
        train_subjects=(_only("--size", size, card.train_subjects),),
        seeds=(card.seeds[0] if seed is None else seed,),
    )  # fmt: skip
    refuse_corrected(out)
    unlabelled = unlabelled_cases(workspace.registry.dataset(problem.dataset), images)
    options = benchmark.RunOptions(device=device, threads=threads)
    with RunSession(workspace, options, TerminalMonitor()) as session:
        transfers = session.pretrain_and_plan(card, chosen)
    if not transfers:
        raise CardError(f"board {board}: {source} does not take part with that strategy")
    name = name or f"{problem.dataset}_prelabelled"
    cases = _propose(workspace, transfers[0], unlabelled, out, name, weights, options)
    print_text(
        f"{len(cases)} label maps: {out / 'labels'}",
        f"correct these first: {', '.join(cases[:5])} (all: {out / CERTAINTY})",
        f"then: segtransfer --content {out} data import {name} --from {out}",
    )


def _propose(
    workspace: Workspace,
    transfer: "benchmark.Transfer",
    unlabelled: "tuple[DatasetCard, list[Case]]",
    out: Path,
    name: str,
    weights: Path | None,
    options: "benchmark.RunOptions",
) -> list[str]:
    """Fine-tune or take the kept network, and label; names of the cases, the least sure first."""
    from benchmark.prelabel.labelling import kept_network, prelabel, tuned_network
    from benchmark.running.devices import choose_device, set_threads

    set_threads(options.threads)
    place = choose_device(options.device)
    with stages() as show:
        if weights:
            network = kept_network(weights, transfer, place)
        else:
            network = tuned_network(transfer, workspace, place, show)
        proposals = prelabel(network, transfer, *unlabelled, out, name, show)
    return [proposal.case.case for proposal in proposals]


def _only(option: str, given: T | None, known: Sequence[T]) -> T:
    """The value that is given, or the only one that the board has.

    Raises:
        CardError: None is given, and the board has several.
    """
    if given is not None:
        return given
    if len(known) > 1:
        raise CardError(f"{option}: which one? The board has {', '.join(map(str, known))}")
    return known[0]
