"""Cells of a board with several lanes, their keys, and the sources of a comparison."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import board, make_record, shipped_registry
from support.lanes import LANES, lanes_board

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.errors import CardError, RecordError
from benchmark.planning.comparators import comparison_sources
from benchmark.planning.source_weights import pretraining_network
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.cell import Fingerprints, cell_key
from benchmark.records.validate import Conditions, check_record
from benchmark.workspace import Workspace

ONE = GridSelection(sources=("scratch",), targets=("phantom_fetal_head_64",), seeds=(0,))


def workspace(folder: Path, card: BoardCard) -> Workspace:
    registry = shipped_registry()
    return Workspace(replace(registry, boards={**registry.boards, card.id: card}), folder)


def cells(folder: Path, card: BoardCard, selection: GridSelection = ONE) -> list[Transfer]:
    return plan(workspace(folder, card), card, selection)


def test_scratch_is_run_in_each_lane_with_the_strategies_of_the_lane(tmp_path: Path) -> None:
    found = cells(tmp_path, lanes_board())
    assert [transfer.cell.path for transfer in found] == [
        "phantom_fetal_head_64/scratch/full/nall/seed0.json",
        "phantom_fetal_head_64/scratch/full.dpt/nall/seed0.json",
        "phantom_fetal_head_64/scratch/probe.linear/nall/seed0.json",
    ]
    assert [transfer.encoder for transfer in found] == [lane["encoder"] for lane in LANES.values()]
    assert len({transfer.key for transfer in found}) == 3
    assert found[1].protocol.decoders == {"dpt": lanes_board().protocol.decoders["dpt"]}
    chosen = cells(tmp_path, lanes_board(), replace(ONE, lanes=("dpt",)))
    assert [transfer.key for transfer in chosen] == [found[1].key]


def test_the_cells_of_a_lane_do_not_depend_on_other_lanes(tmp_path: Path) -> None:
    (alone,) = cells(tmp_path, lanes_board(("unet",)))
    assert alone.key == cells(tmp_path, lanes_board())[0].key


def test_a_lane_of_its_own_is_part_of_a_cell_and_unet_is_left_out() -> None:
    unet = make_record().cell
    dpt = unet.model_copy(update={"lane": "dpt"})
    prints = Fingerprints(**dict.fromkeys(Fingerprints.model_fields, "sha256:0"))
    for cell in (unet, dpt):
        data = {"cell": cell.model_dump(), "fingerprints": prints.model_dump()}
        assert cell_key(cell, prints) == fingerprint(data)
    assert "lane" not in unet.model_dump() and dpt.model_dump()["lane"] == "dpt"


def test_a_source_whose_network_has_no_lane_is_an_error_that_names_its_lanes(
    tmp_path: Path,
) -> None:
    vit = replace(ONE, sources=("scratch@tu-test_vit2",))
    with pytest.raises(CardError, match=r"can enter lane dpt or linear, but board .* has unet;"):
        cells(tmp_path, lanes_board(("unet",)), vit)
    assert [transfer.cell.lane for transfer in cells(tmp_path, lanes_board(), vit)] == [
        "dpt", "linear",
    ]  # fmt: skip


def test_a_source_is_compared_with_scratch_on_its_network_in_its_lanes(tmp_path: Path) -> None:
    here = workspace(tmp_path, lanes_board())
    for source, expected in (
        ("phantom_brain_segmentation@tu-test_vit", ("scratch",)),
        ("phantom_brain_segmentation", ("scratch", "scratch@tu-test_resnet")),
        ("phantom_brain_segmentation@resnet18", ("scratch@resnet18",)),
    ):
        assert comparison_sources(here, lanes_board(), here.registry.source(source))[0] == expected


def test_a_pretraining_has_the_decoder_of_its_own_lane() -> None:
    registry, several = shipped_registry(), lanes_board()
    for name, lane in (("phantom_brain_segmentation", "unet"),
                       ("phantom_brain_segmentation@tu-test_vit2", "dpt")):  # fmt: skip
        decoder = pretraining_network(several, registry.source(name))[1]
        assert decoder == several.protocol.decoders[lane]  # type: ignore[index]
    with pytest.raises(CardError, match="needs a decoder of lane unet"):
        source = registry.source("phantom_brain_segmentation@resnet18")
        pretraining_network(lanes_board(("dpt", "linear")), source)


def test_a_record_of_a_lane_that_the_board_lacks_is_refused() -> None:
    record = make_record()
    cell = record.cell.model_copy(update={"lane": "dpt"})
    moved = record.model_copy(update={"cell": cell})
    with pytest.raises(RecordError, match="'dpt' is not on this board, which has unet"):
        check_record(moved, cell.path, "record.json", Conditions.of(board()))
