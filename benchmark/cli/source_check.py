"""`segtransfer source check`: a tick table, a report, and how to fix failures."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

import benchmark
from benchmark.cards.card import read_card
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.cli.options import Threads
from benchmark.cli.terminal import console, print_text, settings, stages
from benchmark.errors import CardError
from benchmark.files import printable
from benchmark.sources.report import Finding, check_report
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.sources.report import CheckReport

CONTENT = 3  # CONTENT/tasks/source/ID.yaml


def source_check(
    card: Annotated[str, typer.Argument(help="Id of a source task, or the path of its card.")],
    file: Annotated[
        Path | None, typer.Option("--from", help="Import this checkpoint first.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report (default: runs/source_check/ID).")
    ] = None,
    threads: Threads = None,
) -> None:
    """Check a source before boards run it: offline, about a minute on two cores.

    Schema, hash, safe load, coverage, reference outputs, feature maps at three sizes, proof that a
    frozen encoder stays as it is, determinism, contamination, what is not verified, one synthetic
    fine-tuning against scratch, cost.
    Ends with status 1 if anything failed.
    """
    path = Path(card) if card.endswith((".yaml", ".yml")) else None
    name = path.stem if path else card
    folder = out or Path("runs") / "source_check" / (name if "/" not in name else "card")
    content_roots(settings.content)  # a folder that is none is not the card's fault
    try:
        workspace, source = _open(path, card)
    except CardError as error:
        if path is None and not settings.content:
            raise
        fix = "correct that key of the card"
        finding = Finding(check="schema", ok=False, result=str(error), fix=fix)
        _finish(check_report(name, None, [finding]), folder)
        return
    if source.weights is None:
        raise CardError(
            f"source task {name!r} has no weights file to check; `run` makes its weights"
        )
    from benchmark.running.devices import set_threads  # slow, so after the card is checked

    if file:
        benchmark.import_weights(workspace, source.id, file)
    set_threads(threads)
    with stages("checking") as show:
        report = benchmark.check_source(workspace, source, show)
    _finish(report, folder)


def _open(path: Path | None, name: str) -> tuple[Workspace, SourceCard]:
    """The card and all others, its own folder of cards included."""
    if path is None:
        return settings.workspace, settings.workspace.registry.source(name)
    source = read_card(path, SourceCard)
    roots = list(content_roots(settings.content))
    folder = path.resolve().parents[CONTENT - 1] if len(path.resolve().parts) > CONTENT else path
    inside = path.resolve() == folder / "tasks" / "source" / path.name
    if inside and folder not in (root.resolve() for root in roots):
        roots.append(folder)
    registry = Registry.load(tuple(roots))
    if not inside:
        registry = replace(registry, sources={**registry.sources, source.id: source})
    return replace(settings.workspace, registry=registry), source


def _finish(report: "CheckReport", folder: Path) -> None:
    """Print the table, write the report, and end."""
    console.print(_table(report))
    print_text(*[f"{f.mark} {f.check}: {f.fix}" for f in report.findings if f.fix])
    page, data = report.write(folder)
    print_text(f"report: {page} (also as {data.name})")
    if not report.passed:
        raise typer.Exit(1)


def _table(report: "CheckReport") -> Table:
    table = Table(title=f"source task {printable(report.source)}", title_justify="left")
    table.add_column("")
    table.add_column("check")
    table.add_column("result", overflow="fold")
    table.add_column("s", justify="right")
    colours = {True: "green", False: "red", None: "default"}
    for finding in report.findings:
        text = Text(" / ".join(printable(line) for line in finding.result.splitlines()))
        mark = Text(finding.mark, style=colours[finding.ok])
        table.add_row(mark, finding.check, text, f"{finding.seconds:.1f}")
    return table
