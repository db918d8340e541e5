"""`segtransfer pack-records`: the records of a run in one file."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.terminal import print_text, settings
from benchmark.errors import RecordError
from benchmark.records import packing
from benchmark.running.claims import running_claims
from benchmark.views.text import counted


def pack_records(
    folder: Annotated[Path, typer.Argument(help="A leaderboard folder, or a board below runs/.")],
    unpack: Annotated[bool, typer.Option("--unpack", help="Write the files again.")] = False,
) -> None:
    """Pack the records of a run into one file, records.sqlite, or unpack them.

    Every command reads packed records as it reads files, and a run goes on in a packed folder:
    new records are files, until they are packed too. Unpacking gives the same bytes back. Boards
    among the cards keep small files, which version control shows one by one.
    """
    place = settings.workspace.leaderboard_folder(folder)
    if place in settings.workspace.registry.folders.values():
        raise RecordError(f"{place}: is among the cards, where records stay files; copy the folder")
    if claims := running_claims(place):
        claim = claims[0]
        raise RecordError(
            f"{place}: {claim.name} is being run on {claim.host} (process {claim.process}); "
            "pack when the run has ended"
        )
    if unpack:
        print_text(f"{counted(packing.unpack_records(place, place), 'record')} as files in {place}")
        return
    packed = packing.pack_records(place)
    print_text(
        f"{counted(packed.records, 'record')}, {packed.file_bytes / 1e6:.2f} MB, in "
        f"{packed.pack_bytes / 1e6:.2f} MB: {place / 'records.sqlite'}"
    )
