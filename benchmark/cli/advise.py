"""`segtransfer advise`: which sources lead on targets of a domain."""

from pathlib import Path
from typing import Annotated

import typer

import benchmark
from benchmark.cli.terminal import console, print_text, settings


def advise(
    domain: Annotated[str, typer.Option(help="Of your images: ultrasound, brain_mri, ct.")],
    subjects: Annotated[int, typer.Option(min=1, help="Number of training subjects you have.")],
    network: Annotated[str, typer.Option(help="Only entries on this encoder (default: any).")] = "",
    target: Annotated[
        str, typer.Option(help="Only this target task (default: all of the domain).")
    ] = "",
    folder: Annotated[
        list[Path] | None,
        typer.Option(help="A leaderboard folder of your own; may be repeated."),
    ] = None,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Also use records on synthetic images.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, with every number.")] = False,
) -> None:
    """Name the sources that lead on targets of a domain, or are tied with the leader.

    From the real records of the shipped boards, and of --folder, at the nearest number of
    training subjects; with gains, intervals, time, and what was not tested.
    """
    from benchmark.views.advice import advice_json, advice_lines

    question = benchmark.AdviceQuestion(
        domain=domain,
        subjects=subjects,
        network=network or None,
        target=target or None,
        synthetic=synthetic,
    )
    advice = benchmark.advise(settings.workspace, question, folder or ())
    if json:
        print_text(advice_json(advice))
    else:
        print_text(*advice_lines(advice, console.width))
