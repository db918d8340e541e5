"""Data of a cell's target: those that it was planned with."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import two_steps

from benchmark.errors import DataError
from benchmark.owners import HOST
from benchmark.planning.transfers import GridSelection, plan
from benchmark.running.target_data import load_target


def test_other_files_than_those_of_the_plan_are_refused(tmp_path: Path) -> None:
    """On a node whose own copy of the data differs, say."""
    workspace, board = two_steps(tmp_path)
    cell = plan(workspace, board, GridSelection())[0]
    planned = cell.fingerprints.model_copy(update={"data": "sha256:of other files"})
    with pytest.raises(DataError, match=rf"^phantom_fetal_head.*: its files on {HOST} are not"):
        load_target(replace(cell, fingerprints=planned), workspace)
    assert not workspace.prepared.exists()
