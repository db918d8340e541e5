"""`segtransfer data`: getting, registering and looking at data sets."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import PhantomLayout
from benchmark.cards.registry import SplitRow
from benchmark.cards.subject_groups import FILE
from benchmark.cli.help import add
from benchmark.cli.terminal import interactive, print_text, settings, stages
from benchmark.data.install import install, remove_downloads
from benchmark.data.licences import accept, acceptance
from benchmark.data.listed_files import LIST, read_file_list
from benchmark.errors import CardError, DataError
from benchmark.files import csv_text, write_text

app = typer.Typer(no_args_is_help=True, help="Get, register, check and look at data sets.")


def data_get(
    name: Annotated[str, typer.Argument(help="Id of the data set.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Accept the licence without being asked.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="Folder for the data (default: in the home folder).")
    ] = None,
) -> None:
    """Download an open data set and register it; for others, print how to get them.

    After an interruption type the same command: nothing is fetched or unpacked twice.
    """
    card = settings.workspace.registry.dataset(name)
    if isinstance(card.layout, PhantomLayout):
        print_text(
            f"{name} is synthetic: it is generated when it is read, there is nothing to download"
        )
        return
    print_terms(card)
    if not card.can_be_downloaded:
        print_steps(card)
        return
    agree(card, accept_licence)
    root = (to or settings.workspace.dataset_folder(name)).resolve()
    with stages(transfer=True) as show:
        install(card, settings.workspace, root, show)
    data_import(name, root)
    remove_downloads(card, settings.workspace)


def print_terms(card: DatasetCard) -> None:
    """Print what a data set is, its licence and its size."""
    lines = [
        f"{card.id}: {card.title}",
        f"  licence: {card.licence}",
        f"  to cite: {card.citation}",
        f"  home page: {card.homepage}",
        *(f"  file: {d.file} ({size(d.bytes)}) from {d.url}" for d in card.download),
    ]
    if card.files_url:
        listed = read_file_list(settings.workspace.registry.folders[card.id] / LIST)
        total = size(sum(file.bytes for file in listed))
        lines.append(f"  {len(listed)} files ({total}) from {card.files_url}")
    if len(card.download) > 1 and (known := sum(d.bytes or 0 for d in card.download)):
        least = " or more" if any(d.bytes is None for d in card.download) else ""
        lines.append(f"  total: {size(known)}{least}")
    print_text(*lines)


def print_steps(card: DatasetCard) -> None:
    """Print the steps for a data set that cannot be downloaded automatically."""
    last = f"segtransfer data import {card.id}"
    steps = [*(card.how_to_get or (f"Get the data from {card.homepage}.",))]
    if not any(last in step for step in steps):
        steps.append(f"Type `{last} --from DIR`.")
    print_text(f"This data set cannot be downloaded for you (access: {card.access}):",
         *(f"  {number}. {step}" for number, step in enumerate(steps, start=1)))  # fmt: skip


def size(count: int | None) -> str:
    """A number of bytes in MB or GB."""
    if count is None:
        return "size unknown"
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.2f} MB"


def agree(card: DatasetCard, accepted: bool) -> None:
    """Ask for the acceptance of the licence, once per version of its text.

    Raises:
        DataError: It is refused, or the command is not interactive.
    """
    if known := acceptance(card, settings.workspace):
        print_text(f"licence accepted on {known.accepted}")
        return
    if not accepted and not interactive():
        raise DataError(
            f"{card.id}: its licence has to be accepted; read it ({card.homepage}) and "
            "type the same command with --accept-licence"
        )
    if not accepted and not typer.confirm("Do you accept this licence?"):
        raise DataError(f"{card.id}: its licence was not accepted; nothing is fetched")
    accept(card, settings.workspace)


def data_import(
    name: Annotated[str, typer.Argument(help="Id of the data set.")],
    folder: Annotated[Path, typer.Option("--from", help="Folder of your copy.")],
) -> None:
    """Check a local copy against its card and register it; nothing is copied."""
    from benchmark.data.local_copies import register
    from benchmark.planning.availability import refused_targets

    registry = settings.workspace.registry
    with stages(f"reading {name}") as show:
        copy = register(settings.workspace, name, folder, show)
    print_text(copy.summary(registry.dataset(name).part_of))
    for target, why in refused_targets(settings.workspace, name).items():
        print_text(f"  target task {target} cannot be run: {why}")


def data_check(name: Annotated[str, typer.Argument(help="Id of the data set.")]) -> None:
    """Read the registered copy once more and compare it with its card."""
    from benchmark.data.local_copies import local_copy

    data_import(name, Path(local_copy(name, settings.workspace).root))


def data_split(
    name: Annotated[str, typer.Argument(help="Id of the data set.")],
    folder: Annotated[Path, typer.Option("--from", help="Folder of your copy.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write (default: splits.csv beside the card).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
) -> None:
    """Draw a fixed split (60 / 20 / 20 % of the subjects) for a data set of your own."""
    from benchmark.data.layouts.registry import find_cases
    from benchmark.data.splits import make_split

    registry = settings.workspace.registry
    card = registry.dataset(name)
    path = out or registry.folders[name] / "splits.csv"
    if path.exists():
        raise CardError(f"{path}: exists, and splits are fixed; remove it first to draw another")
    rows = make_split(find_cases(card, folder), seed=seed)
    write_text(path, csv_text([SplitRow._fields, *rows]))
    print_text(f"{path}: {len(rows)} cases of {len({r.subject for r in rows})} subjects")


def data_groups(
    name: Annotated[str, typer.Argument(help="Id of the data set.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write (default: groups.csv beside the card).")
    ] = None,
) -> None:
    """Write which group each subject is in, by the `groups` of the card, from the registered copy.

    `segtransfer leaderboard BOARD --groups` compares the scores of the groups.
    """
    from benchmark.data.groups import group_rows
    from benchmark.data.resolve import resolve_dataset

    registry = settings.workspace.registry
    path = out or registry.folders[registry.dataset(name).id] / FILE
    data = resolve_dataset(settings.workspace, name, legacy=True)
    with stages(f"reading {name}") as show:
        header, *rows = group_rows(data.card, data.cases.values(), show)
    write_text(path, csv_text([header, *rows]))
    print_text(f"{path}: {', '.join(header[1:])} of {len(rows)} subjects")


def data_preview(
    name: Annotated[str, typer.Argument(help="Id of the data set.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the sheets (default: runs/preview/ID).")
    ] = None,
    cases: Annotated[int, typer.Option(min=1, help="Cases of each subset.")] = 12,
) -> None:
    """Draw some cases of each subset, with their masks outlined, as PNG."""
    from benchmark.views.figures.preview import preview

    folder = out or Path("runs/preview") / name
    with stages(f"drawing {name}") as show:
        paths = preview(settings.workspace, name, folder, cases, show)
    print_text(*map(str, paths))


add(app, "get", data_get, "data get hc18")
add(app, "import", data_import, "data import hc18 --from hc18")
add(app, "check", data_check, "data check hc18")
add(app, "preview", data_preview, "data preview phantom_fetal_head --cases 4")
add(app, "groups", data_groups, "--content cards data groups my_heads")
add(app, "split", data_split, "--content cards data split my_heads --from heads")
