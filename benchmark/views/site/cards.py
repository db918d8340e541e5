"""The page of each source and target, and the lists that lead to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cards.card import Card
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.cards.target import TargetCard
from benchmark.files import write_text
from benchmark.views.cards.dataset import access_words
from benchmark.views.cards.source import source_facts, terms_of_use
from benchmark.views.cards.target import target_facts
from benchmark.views.page import cells
from benchmark.views.page.cells import ColumnCells
from benchmark.views.page.table import Column, PageTable
from benchmark.views.site.boards import SiteBoard
from benchmark.views.site.render import render_site
from benchmark.views.site.results import CardKind, CardResults, card_link, results_of

SOURCES = (
    "Pretrainings, and random initialisation. The licence is that of the weights, as the card "
    "states it; the images they learned from may have another."
)
TARGETS = "Segmentation tasks that a network is fine-tuned on."


@dataclass(frozen=True)
class CardPage:
    """A source or target with what its card states and what all boards say of it."""

    kind: CardKind
    card: Card
    synthetic: bool
    facts: Mapping[str, Sequence[str]]
    results: Sequence[CardResults]

    def rows(self, synthetic: bool) -> int:
        """Number of its entries on boards with real or with synthetic images."""
        return sum(part.rows for part in self.results if part.board.synthetic == synthetic)


def write_cards(out: Path, registry: Registry, boards: Sequence[SiteBoard]) -> None:
    """Write `sources.html`, `targets.html` and a page for each source and each target.

    The lists begin with cards of real images, and of these with those that have results.

    Raises:
        RecordError: A file cannot be written.
    """
    sources, targets = (
        sorted(pages, key=lambda page: (page.synthetic, not page.rows(synthetic=False)))
        for pages in (_sources(registry, boards), _targets(registry, boards))
    )
    for page in (*sources, *targets):
        text = render_site("card.html.j2", out, root="../", page=page)
        write_text(out / f"{page.kind}s" / f"{page.card.id}.html", text)
    for table, lead in (
        (_source_list(registry, sources), SOURCES), (_target_list(registry, targets), TARGETS)
    ):  # fmt: skip
        text = render_site("cards.html.j2", out, search=True, table=table, lead=lead)
        write_text(out / f"{table.caption.lower()}.html", text)


def _sources(registry: Registry, boards: Sequence[SiteBoard]) -> Iterator[CardPage]:
    for card in registry.sources.values():
        results = results_of(boards, "source", card.id, registry.targets.__contains__)
        facts = source_facts(registry, card)
        yield CardPage("source", card, card.synthetic, facts, [*results])


def _targets(registry: Registry, boards: Sequence[SiteBoard]) -> Iterator[CardPage]:
    for card in registry.targets.values():
        data = registry.dataset(card.dataset)
        facts = target_facts(registry, card) | {
            "licence of the images": [data.licence],
            "access": [access_words(data)],
            "home page": [data.homepage],
            "to cite": [data.citation],
        }
        results = results_of(boards, "target", card.id, registry.sources.__contains__)
        yield CardPage("target", card, data.synthetic, facts, [*results])


def _source_list(registry: Registry, pages: Sequence[CardPage]) -> PageTable:
    cards: list[SourceCard] = [registry.source(page.card.id) for page in pages]
    terms = [terms_of_use(registry, card) for card in cards]
    columns = [
        Column("domain", "domain", cells.texts(card.domain for card in cards)),
        Column("task", "task", cells.texts(card.task for card in cards)),
        Column("encoder", "network", cells.texts(card.encoder or "the board's" for card in cards)),
        Column(
            "licence", "licence of the weights", cells.long_texts(licence for licence, _ in terms)
        ),
        Column("commercial", "commercial use", cells.texts(use for _, use in terms)),
    ]
    return _list("Sources", pages, columns)


def _target_list(registry: Registry, pages: Sequence[CardPage]) -> PageTable:
    cards: list[TargetCard] = [registry.target(page.card.id) for page in pages]
    data = [registry.dataset(card.dataset) for card in cards]
    columns = [
        Column("domain", "domain", cells.texts(card.domain for card in data)),
        Column("data", "data set", cells.long_texts(card.title for card in data)),
        Column("licence", "licence of the images", cells.long_texts(card.licence for card in data)),
        Column("access", "access", cells.texts(card.access for card in data)),
    ]
    return _list("Targets", pages, columns)


def _list(title: str, pages: Sequence[CardPage], columns: Sequence[Column]) -> PageTable:
    """A row per card, with the number of its entries on real and on synthetic images."""
    links = [card_link(page.kind, page.card.id, page.card.id, root="") for page in pages]
    titles = cells.long_texts(page.card.title for page in pages).html
    names = [f"{link} {text}" for link, text in zip(links, titles, strict=True)]
    images = ["synthetic" if page.synthetic else "real" for page in pages]
    counts = {
        f"results, {name}": [float(page.rows(synthetic)) for page in pages]
        for name, synthetic in (("real", False), ("synthetic", True))
    }
    return PageTable(title, [
        Column("name", title.lower().removesuffix("s"), ColumnCells(names)),
        *(Column(head, head, cells.numbers(numbers, ".0f")) for head, numbers in counts.items()),
        *columns,
        Column("images", "images", cells.texts(images)),
    ])  # fmt: skip
