"""Data of a cell's target: those that it was planned with."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import STROKE, Cases, stroke_cell, two_steps

from benchmark.errors import DataError
from benchmark.owners import HOST
from benchmark.planning.transfers import GridSelection, plan
from benchmark.running.target_data import load_target


@pytest.mark.parametrize(("test", "tested"), [(("002", "017"), False), (("002", "003"), True)])
def test_a_test_subset_without_a_label_is_refused(
    test: Cases, tested: bool, tmp_path: Path
) -> None:
    """Whoever predicts nothing there would have Dice 1 in each case."""
    workspace, cell = stroke_cell(tmp_path, ("000",), ("001",), test)
    if tested:
        assert load_target(cell, workspace).dataset.names("test") == list(test)
    else:
        refused = f"{STROKE}: label 'lesion' of target task {STROKE} is in no test case, .* split"
        with pytest.raises(DataError, match=refused):
            load_target(cell, workspace)


def test_a_structure_that_is_lost_at_the_networks_resolution_is_tested(tmp_path: Path) -> None:
    """It is scored in the native grid."""
    workspace, cell = stroke_cell(tmp_path, ("004",), ("006",), ("001",), input_size=1)
    data = load_target(cell, workspace)
    assert data.prepared.labels_without(["001"], 1) == [1]
    assert data.unseen_labels == ("lesion in training", "lesion in validation")


@pytest.mark.parametrize(
    ("train", "val", "checkpoint", "unseen"),
    [
        (("000",), ("001",), "best_validation_dice", ()),
        (("000", "017"), ("002", "001"), "best_validation_dice", ()),
        (("017", "018"), ("001",), "best_validation_dice", ("lesion in training",)),
        (("000",), ("002", "020"), "best_validation_dice", ("lesion in validation",)),
        (("000",), ("002", "020"), "last", ()),
    ],
)
def test_labels_that_a_network_cannot_learn_or_be_selected_by_are_named(
    train: Cases, val: Cases, checkpoint: str, unseen: Cases, tmp_path: Path
) -> None:
    workspace, cell = stroke_cell(tmp_path, train, val, ("003",), checkpoint=checkpoint)
    assert load_target(cell, workspace).unseen_labels == unseen


def test_other_files_than_those_of_the_plan_are_refused(tmp_path: Path) -> None:
    """On a node whose own copy of the data differs, say."""
    workspace, board = two_steps(tmp_path)
    cell = plan(workspace, board, GridSelection())[0]
    planned = cell.fingerprints.model_copy(update={"data": "sha256:of other files"})
    with pytest.raises(DataError, match=rf"^phantom_fetal_head.*: its files on {HOST} are not"):
        load_target(replace(cell, fingerprints=planned), workspace)
    assert not workspace.prepared.exists()
