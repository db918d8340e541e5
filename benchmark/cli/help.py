"""Help texts: paragraphs that fit any terminal, one example each, commands in the order of use."""

import inspect
from collections.abc import Callable
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from benchmark.cli.terminal import errors

ORDER = ("demo", "list", "show", "advise", "forecast", "data", "source", "pretrain", "run",
         "status", "leaderboard", "pack-records", "compare", "site", "reproduce", "submit",
         "sequence", "prelabel")  # fmt: skip


class CommandsInOrder(TyperGroup):
    """A group whose help names its commands in the order in which they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands."""
        return sorted(super().list_commands(ctx), key=ORDER.index)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C ends it with one line, wherever it comes."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            errors.print("stopped; type the same command to resume")
            raise typer.Exit(130) from None
        except EOFError as error:  # of a file: the end of the input is click's Abort
            raise ValueError("a file ends too early") from error


def add(app: typer.Typer, name: str, function: Callable[..., object], example: str) -> None:
    """Add a command to a group.

    Args:
        app: The group.
        name: Of the command.
        function: Its docstring is the help.
        example: What may be typed after `segtransfer`.
    """
    shown = f"Example: [bold]segtransfer {escape(example)}[/bold]"
    app.command(name, help=reflowed(inspect.getdoc(function) or ""), epilog=shown)(function)


def reflowed(text: str) -> str:
    """A docstring with one line for each paragraph, and without effect as markup."""
    return "\n\n".join(escape(" ".join(part.split())) for part in text.split("\n\n"))
