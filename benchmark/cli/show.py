"""`segtransfer show`: one card for people, or as JSON."""

from typing import Annotated

import typer

import benchmark
from benchmark.cli.terminal import console, print_json, print_text, settings


def show(
    name: Annotated[str, typer.Argument(help="Id of a board, source, target or data set.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON, with the complete card.")] = False,
) -> None:
    """Show what a card states, what of it is on this machine, and where it has results.

    If several cards have the id, all of them are shown.
    """
    summaries = benchmark.summarise_cards(settings.workspace, name)
    if json:
        return print_json([summary.plain() for summary in summaries])
    for number, summary in enumerate(summaries):
        print_text(*([""] if number else []), *summary.lines(console.width))
