"""Summaries of every card: nothing is left out, lines fit, and plain data hold the whole card."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from support.factories import SYNTHETIC_BOARDS, shipped_registry, workspace_at

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.errors import CardError
from benchmark.views.cards.find import summarise_cards

EXAMPLES = Path(__file__).parents[3] / "examples/private_cards"
REGISTRY = shipped_registry()


def shown(name: str, home: Path, width: int = 80) -> str:
    return "\n".join(summarise_cards(workspace_at(home), name)[0].lines(width))


def test_every_card_fits_the_terminal(tmp_path: Path) -> None:
    registry = Registry.load(content_roots(EXAMPLES))
    workspace = replace(workspace_at(tmp_path), registry=registry)
    for _, card in registry.cards():
        for summary, width in product(summarise_cards(workspace, card.id), (80, 120, 200)):
            for line in summary.lines(width):
                whole = max(line.split(), key=len, default="")
                assert len(line) <= width or len(whole) > width // 2 or "next:" in line, line


def test_a_source_says_what_it_is_and_where_it_is_used(tmp_path: Path) -> None:
    text = shown("imagenet_resnet18_torchvision", tmp_path, width=200)
    card = REGISTRY.source("imagenet_resnet18_torchvision")
    assert card.weights is not None
    for part in ("classification on images of the domain natural", "resnet18, lanes unet and",
                 card.weights.file, card.weights.licence, "not on this machine",
                 "next: segtransfer source get imagenet_resnet18_torchvision"):  # fmt: skip
        assert part in text
    workspace_at(tmp_path).weights_record(card.id).parent.mkdir()
    workspace_at(tmp_path).weights_record(card.id).write_text("{}")
    assert "not on this machine" not in shown(card.id, tmp_path)


def test_licence_and_commercial_use_are_stated(tmp_path: Path) -> None:
    text = shown("imagenet_efficientnet_lite0", tmp_path, width=200)
    assert re.search(r"^licence +Apache-2.0", text, re.MULTILINE)
    assert re.search(r"^commercial use +yes$", text, re.MULTILINE)
    unknown = shown("imagenet_resnet18_torchvision", tmp_path, width=200)
    assert re.search(r"^commercial use +not stated$", unknown, re.MULTILINE)
    assert "commercial" not in shown("scratch", tmp_path)


def test_contamination_is_on_both_cards(tmp_path: Path) -> None:
    source = summarise_cards(workspace_at(tmp_path), "ct_muscle_liver_siemens")[0]
    target = "muscle_liver_totalsegmentator_siemens"
    (reason,) = (line for line in source.facts["contaminated"] if line.startswith(target))
    other = summarise_cards(workspace_at(tmp_path), target)[0]
    assert reason.replace(target, source.card.id, 1) in other.facts["contaminated"]


def test_a_target_gives_an_example(tmp_path: Path) -> None:
    text = shown("fetal_head_hc18", tmp_path)
    for part in (
        "segmentation of 2-D images",
        "ranked by Dice",
        "hc18: Fetal head in ultrasound",
        "next: segtransfer data get hc18",
        "next: segtransfer run standard_v2 --targets fetal_head_hc18",
    ):
        assert part in text


def test_a_board_has_methods_strategies_and_a_next_command(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, SYNTHETIC_BOARDS)
    (summary,) = summarise_cards(workspace, "wang2023_small")
    board, table = workspace.registry.board("wang2023_small"), summary.table
    assert table is not None and [row[0] for row in table.rows] == [*board.strategies]
    trainable = {row[0]: row[2] for row in table.rows}
    assert trainable["decoder"] == "0.121 M" and trainable["full"] == "0.493 M to 1.98 M"
    assert "48 of 48 cells" in summary.facts["state"][0]
    assert summary.commands == ["segtransfer leaderboard wang2023_small"]
    (empty,) = summarise_cards(workspace_at(tmp_path), "wang2023_fetal_head")
    assert empty.commands == ["segtransfer run wang2023_fetal_head --dry-run"]


def test_strategies_name_their_lanes_where_there_are_several(tmp_path: Path) -> None:
    (summary,) = summarise_cards(workspace_at(tmp_path), "standard_v1")
    board, table = REGISTRY.board("standard_v1"), summary.table
    assert table is not None and len(board.lanes) > 1
    lanes = {row[0]: row[table.columns.index("lanes")] for row in table.rows}
    assert lanes == {name: ", ".join(board.lanes_of_strategy(name)) for name in board.strategies}


def test_all_cards_of_one_id_are_shown(tmp_path: Path) -> None:
    summaries = summarise_cards(workspace_at(tmp_path), "phantom_ct_device_a")
    assert [summary.kind for summary in summaries] == ["source", "target", "data set"]
    assert [summary.card for summary in summaries] == [
        REGISTRY.source("phantom_ct_device_a"), REGISTRY.target("phantom_ct_device_a"),
        REGISTRY.dataset("phantom_ct_device_a"),
    ]  # fmt: skip
    assert all(summary.plain()["card"]["id"] == "phantom_ct_device_a" for summary in summaries)


def test_a_data_set_names_its_groups_of_subjects(tmp_path: Path) -> None:
    (summary,) = summarise_cards(workspace_at(tmp_path), "hc18_fetal_head")
    assert summary.facts["groups"] == ["head_circumference, pixel_size"]


def test_a_source_on_another_network(tmp_path: Path) -> None:
    (summary,) = summarise_cards(workspace_at(tmp_path), "scratch@tu-vit_tiny_patch16_224")
    assert summary.facts["network"] == ["tu-vit_tiny_patch16_224, lanes dpt and linear"]


def test_an_unknown_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="Did you mean 'scratch'"):
        summarise_cards(workspace_at(tmp_path), "scrach")


def test_statistics_are_fixed_only_where_something_stays_frozen(tmp_path: Path) -> None:
    (summary,) = summarise_cards(workspace_at(tmp_path), "real_cheng2021")
    assert summary.table is not None  # each of its strategies has freeze_norm_stats
    shown = {row[0]: row[summary.table.columns.index("statistics")] for row in summary.table.rows}
    assert shown == {
        "full": "updated", "decoder": "fixed in frozen parts", "two_stage": "updated",
    }  # fmt: skip
