"""`segtransfer list`: boards and other cards, with filters."""

from collections.abc import Mapping
from typing import Annotated, get_args

import typer

from benchmark.cli.terminal import console, print_json, print_text, settings
from benchmark.errors import CardError, unknown_name
from benchmark.views.cards.lists import FILTERS, KINDS, NAMES, VALUES, Filter, Kind, list_cards
from benchmark.views.text import fit_table


def _filter(help_: str, name: Filter) -> object:
    return typer.Option(help=f"{help_}: {', '.join(VALUES[name])}.", show_default=False)


def list_command(
    kind: Annotated[
        str, typer.Argument(help=f"{', '.join(KINDS)} (default: boards, and how many others).")
    ] = "",
    domain: Annotated[str, _filter("Images of this domain", "domain")] = "",
    task: Annotated[str, _filter("Sources that learned this", "task")] = "",
    lane: Annotated[str, _filter("Sources and boards of this kind of decoder", "lane")] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON, with every column.")] = False,
) -> None:
    """List the boards with their state, or the cards of another kind.

    The state of a board is the number of its records and of its cells.
    """
    given = {"domain": domain, "task": task, "lane": lane}
    filters: dict[Filter, str] = {name: given[name] for name in get_args(Filter) if given[name]}
    chosen = next((known for known in KINDS if known == kind), None)
    if kind and chosen is None:
        raise CardError(unknown_name("kind of card", kind, KINDS))
    kinds = (chosen,) if chosen else tuple(k for k in KINDS if filters.keys() <= set(FILTERS[k]))
    if json:
        workspace = settings.workspace
        print_json({kind: list_cards(workspace, kind, filters).items for kind in kinds})
    else:
        _print(kinds, filters)


def _print(kinds: tuple[Kind, ...], filters: Mapping[Filter, str]) -> None:
    """The cards of the first kind, and how many there are of the others."""
    first, *others = (list_cards(settings.workspace, kind, filters) for kind in kinds)
    if first.items:
        print_text(*fit_table(first.table(without=filters), console.width))
    else:
        print_text(f"no {NAMES[first.kind]} with {', '.join(filters.values())}")
    options = "".join(f" --{name} {value}" for name, value in filters.items())
    counts = {f"segtransfer list {other.kind}{options}": other for other in others}
    if counts:
        print_text("")
    for command, other in counts.items():
        print_text(f"{len(other.items):4} {NAMES[other.kind]:14} {command}")
    if first.items:
        print_text("", f"one of them: segtransfer show {first.items[0]['id']}")
