"""Lists of cards: real before synthetic, filters that mean what they say, tables that fit."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import shipped_registry, workspace_at

from benchmark.cards.lanes import encoder_lane
from benchmark.errors import CardError
from benchmark.views.cards.lists import FILTERS, KINDS, Filter, Kind, list_cards
from benchmark.views.text import fit_table
from benchmark.workspace import Workspace

REGISTRY = shipped_registry()


@pytest.mark.parametrize("kind", KINDS)
def test_every_card_is_listed_and_real_ones_come_first(kind: Kind, tmp_path: Path) -> None:
    items = list_cards(workspace_at(tmp_path), kind, {}).items
    assert sorted(item["id"] for item in items) == sorted(getattr(REGISTRY, kind))
    images = [item["images"] for item in items]
    assert images == sorted(images) and set(images) == {"real", "synthetic"}


def test_of_real_boards_those_of_most_records_come_first(tmp_path: Path) -> None:
    items = list_cards(workspace_at(tmp_path), "boards", {}).items
    counts = [int(item["state"].split("/")[0]) for item in items if item["images"] == "real"]
    assert counts == sorted(counts, reverse=True) and counts[0] > 0


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_tables_fit_the_terminal_and_ids_stay_whole(kind: Kind, width: int, tmp_path: Path) -> None:
    found = list_cards(workspace_at(tmp_path), kind, {})
    head, *lines = fit_table(found.table(), width)
    assert max(map(len, [head, *lines])) <= width
    assert [line.split()[0] for line in lines] == [item["id"] for item in found.items]
    assert head.split()[-1] == "title"
    if width == 200:
        assert "…" not in "".join(lines)


def test_filters_are_those_of_the_cards(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    found = list_cards(workspace, "sources", {"domain": "natural", "task": "classification"})
    expected = {
        card.id
        for card in REGISTRY.sources.values()
        if (card.domain, card.task) == ("natural", "classification")
    }
    assert {item["id"] for item in found.items} == expected and "natural" not in expected
    targets = list_cards(workspace, "targets", {"domain": "ultrasound"}).items
    assert "fetal_head_hc18" in {item["id"] for item in targets}
    assert "stroke_atlas_v2" not in {item["id"] for item in targets}


def test_a_source_is_in_the_lane_of_its_network(tmp_path: Path) -> None:
    resnet = REGISTRY.source("imagenet_resnet18_torchvision")
    vit = resnet.model_copy(update={"id": "vit", "encoder": "tu-vit_tiny_patch16_224"})
    assert encoder_lane("tu-vit_tiny_patch16_224") == "dpt"
    registry = replace(REGISTRY, sources={"resnet": resnet, "vit": vit})
    workspace = Workspace(registry, tmp_path)

    def ids(lane: str) -> set[str]:
        return {item["id"] for item in list_cards(workspace, "sources", {"lane": lane}).items}

    assert ids("dpt") == {"vit"}
    assert ids("unet") == {resnet.id}
    assert ids("linear") == {"vit", resnet.id}


@pytest.mark.parametrize(
    ("kind", "filters", "message"),
    [
        ("sources", {"domain": "ultrasond"}, "Did you mean 'ultrasound'"),
        ("boards", {"task": "segmentation"}, "type segtransfer list sources"),
        ("targets", {"lane": "unet"}, "targets have no lane; type segtransfer list boards or"),
    ],
)
def test_a_wrong_filter_is_refused(
    kind: Kind, filters: dict[Filter, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(CardError, match=message):
        list_cards(workspace_at(tmp_path), kind, filters)


def test_every_filter_is_a_column(tmp_path: Path) -> None:
    for kind, filters in FILTERS.items():
        item = list_cards(workspace_at(tmp_path), kind, {}).items[0]
        assert set(filters) < set(item)
