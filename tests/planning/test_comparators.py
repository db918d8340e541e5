"""A source that joins a board: who it is compared with, and which finished cells are taken over."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.packs import Machine, add_source, copy_board

from benchmark.errors import CardError
from benchmark.planning.comparators import comparison_sources, find_source, with_source
from benchmark.planning.existing_records import copy_existing_records, refresh_marks
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.store import Store, read_record
from benchmark.workspace import Workspace


def test_a_card_is_found_by_id_and_by_path(machine: Machine) -> None:
    path = machine.root / "cards/own_encoder.yaml"
    workspace, card = find_source(machine.workspace, str(path))
    assert workspace == machine.workspace and find_source(workspace, "own_encoder")[1] == card
    with pytest.raises(CardError, match="unknown source task"):
        find_source(machine.workspace, "own")
    with pytest.raises(CardError, match="no such card"):
        find_source(machine.workspace, "own.yaml")


def test_an_id_has_one_card(machine: Machine) -> None:
    card = machine.registry.source("scratch").model_copy(update={"title": "Better"})
    with pytest.raises(CardError, match="the id of another card"):
        with_source(machine.registry, card)


def test_the_baseline_is_on_the_network_of_the_source(machine_copy: Machine) -> None:
    own = machine_copy.registry.source("own_encoder")
    others, lacking = comparison_sources(machine_copy.workspace, machine_copy.board, own)
    assert others == ("scratch",) and not lacking
    deep = own.model_copy(update={"encoder": "resnet18"})
    others, _ = comparison_sources(machine_copy.workspace, machine_copy.board, deep)
    assert others == ("scratch@resnet18",)


def test_imagenet_is_run_beside_where_its_weights_are_here(machine_copy: Machine) -> None:
    own = machine_copy.registry.source("own_encoder")
    add_source(machine_copy, "natural")
    board = machine_copy.board.model_copy(
        update={"sources": (*machine_copy.board.sources, "natural")}
    )
    others, lacking = comparison_sources(machine_copy.workspace, board, own)
    assert others == ("scratch", "natural") and not lacking
    others, (line,) = comparison_sources(
        Workspace(machine_copy.registry, machine_copy.root / "elsewhere"), board, own
    )
    assert others == ("scratch",) and "not compared with natural" in line
    natural = machine_copy.registry.source("natural")
    assert "natural" not in comparison_sources(machine_copy.workspace, board, natural)[0]


def test_only_cells_of_the_same_conditions_are_taken_over(machine: Machine, tmp_path: Path) -> None:
    store = Store(tmp_path / "run")
    copy_board(machine, store)
    cells = plan(machine.workspace, machine.board, GridSelection(sources=("scratch",)))
    other = replace(cells[1], key="sha256:other")
    assert copy_existing_records(store, machine.accepted, [cells[0], other]) == 1
    assert copy_existing_records(store, machine.accepted, [cells[0], other]) == 0
    assert (
        store.path(cells[0].cell).read_bytes() == machine.accepted.path(cells[0].cell).read_bytes()
    )
    assert (store.folder / "predictions" / cells[0].cell.path).is_file()
    assert not store.path(cells[1].cell).exists()


def test_a_mark_that_a_card_learns_later_reaches_finished_records(
    machine: Machine, tmp_path: Path
) -> None:
    store = Store(tmp_path / "run")
    copy_board(machine, store)
    cells = plan(machine.workspace, machine.board, GridSelection(sources=("scratch",)))
    copy_existing_records(store, machine.accepted, cells[:1])
    before = read_record(store.path(cells[0].cell))
    partial = before.marks.model_copy(update={"partial_weights": True})
    store.write(before.model_copy(update={"marks": partial}))
    assert refresh_marks(store, cells) == 0
    subset = cells[0].marks.model_copy(update={"subset": True})
    assert refresh_marks(store, [replace(cells[0], marks=subset)]) == 1
    marks = partial.model_copy(update={"subset": True})
    ((_, after),) = store.records()
    assert after == before.model_copy(update={"marks": marks})
    assert refresh_marks(store, [replace(cells[0], key="sha256:other")]) == 0
