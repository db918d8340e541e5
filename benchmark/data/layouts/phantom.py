"""Phantoms: synthetic cases, computed when they are read."""

from pathlib import Path

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import PhantomLayout
from benchmark.data.cases import Case, LoadedCase
from benchmark.data.layouts.registry import LayoutReader
from benchmark.phantoms.catalogue import make_case


def find(card: DatasetCard, root: Path) -> list[Case]:
    """As many cases as the layout has, each of a subject of its own."""
    layout = card.layout
    assert isinstance(layout, PhantomLayout)
    facts = {"device": layout.device} if layout.device else {}
    return [Case(case=f"{k:03d}", subject=f"s{k:03d}", facts=facts) for k in range(layout.cases)]


def load(card: DatasetCard, case: Case) -> LoadedCase:
    """Compute one case; the phantom's parameters become its facts."""
    layout = card.layout
    assert isinstance(layout, PhantomLayout)
    phantom = make_case(
        layout.generator,
        seed=layout.seed,
        index=int(case.case),
        size=layout.size,
        device=layout.device,
    )
    facts = {name: str(value) for name, value in phantom.facts.items()}
    return LoadedCase(
        image=phantom.image, mask=phantom.mask, spacing_mm=phantom.spacing_mm, facts=facts
    )


LAYOUT = LayoutReader(find, load)
