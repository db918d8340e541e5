"""A source that joins a board, and the sources it is compared with."""

import pytest
from support.packs import Machine, add_source

from benchmark.errors import CardError
from benchmark.planning.comparators import comparison_sources, find_source, with_source
from benchmark.workspace import Workspace


def test_a_card_is_found_by_id_and_by_path(machine: Machine) -> None:
    path = machine.root / "cards/own_encoder.yaml"
    workspace, card = find_source(machine.workspace, str(path))
    assert workspace == machine.workspace and find_source(workspace, "own_encoder")[1] == card
    with pytest.raises(CardError, match="unknown source task"):
        find_source(machine.workspace, "own")
    with pytest.raises(CardError, match="no such file"):
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
