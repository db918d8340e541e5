"""Options that several commands have, so that they mean and say the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

OfBoard = Annotated[str, typer.Option(help="Comma-separated; of the board.")]
Sizes = Annotated[str, typer.Option(help="Numbers of training subjects; 0 = all.")]
Out = Annotated[Path | None, typer.Option(help="Leaderboard folder.", show_default="runs/BOARD")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Jobs = Annotated[int, typer.Option(min=1, help="So many at a time, a process each.")]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Accept incomplete weights; marked.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what is to do.")]
