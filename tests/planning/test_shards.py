"""Shards: together they are the grid, without overlap, balanced, and the same for everybody."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import segtransfer
from support.factories import board_folder, make_record, shipped_registry, workspace_at

from benchmark.errors import CardError
from benchmark.planning.sequences import sequence_ids
from benchmark.planning.shards import Shard, balanced_part, shard_of_cells, shard_of_sequences
from benchmark.planning.transfers import GridSelection, grid_cells
from benchmark.records.store import Store

COSTS = st.dictionaries(
    st.text("ab/0", min_size=1), st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=60
)


@given(costs=COSTS, data=st.data())
def test_shards_are_the_grid_without_overlap_and_balanced(
    costs: dict[str, float], data: Any
) -> None:
    count = data.draw(st.integers(1, len(costs)))
    parts = [balanced_part(costs, Shard(number, count)) for number in range(1, count + 1)]
    assert sum(map(len, parts)) == len(costs) and frozenset().union(*parts) == costs.keys()
    loads = [sum(costs[path] for path in part) for part in parts]
    assert max(loads) - min(loads) <= max(costs.values()) * (1 + 1e-9)
    shuffled = dict(data.draw(st.permutations([*costs.items()])))
    assert balanced_part(shuffled, Shard(1, count)) == parts[0]


def test_equal_cells_are_dealt_evenly() -> None:
    for cost in (0.0, 1.0):
        costs = dict.fromkeys(map(str, range(11)), cost)
        sizes = [len(balanced_part(costs, Shard(number, 4))) for number in (1, 2, 3, 4)]
        assert sizes == [3, 3, 3, 2]


@pytest.mark.parametrize("name", ["demo_v3", "standard_v2", "real_v2", "wang2023_as_published"])
def test_shards_of_a_board_are_its_grid(name: str, tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    board = workspace.registry.board(name)
    everything = [cell.path for cell in grid_cells(workspace.registry, board, GridSelection())]
    paths = list[str]()
    for number in (1, 2, 3):
        chosen = shard_of_cells(workspace, board, GridSelection(), Shard(number, 3))
        cells = grid_cells(workspace.registry, board, chosen)
        assert {cell.source for cell in cells} == set(chosen.sources)
        assert {cell.target for cell in cells} == set(chosen.targets)
        paths += [cell.path for cell in cells]
    assert sorted(paths) == sorted(everything)


def test_measured_cells_weigh_what_they_took(tmp_path: Path) -> None:
    """Of three cells of which one takes ten times as long, that one is alone in its shard."""
    workspace, store = workspace_at(tmp_path), Store(board_folder(tmp_path))
    sources = ("scratch", "phantom_brain_segmentation", "phantom_brain_restoration")
    for source, seconds in zip(sources, (1.0, 10.0, 1.0), strict=True):
        record = make_record(source=source)
        cost = record.cost.model_copy(update={"total_seconds": seconds})
        store.write(record.model_copy(update={"cost": cost}))
    registry = replace(
        workspace.registry, folders={**workspace.registry.folders, "tiny_v2": tmp_path}
    )
    selection = GridSelection(sources=sources, targets=("phantom_fetal_head_64",), seeds=(0,))
    parts = [
        shard_of_cells(replace(workspace, registry=registry), registry.board("tiny_v2"), selection,
                       Shard(number, 2)).sources
        for number in (1, 2)
    ]  # fmt: skip
    assert parts == [sources[1:2], (sources[0], sources[2])]


def test_shards_of_sequences(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    board = workspace.registry.board("phantom_sequence_v2")
    everything = sequence_ids(workspace.registry, board, GridSelection(), ())
    parts = [
        shard_of_sequences(workspace, board, GridSelection(), (), Shard(number, 5))
        for number in range(1, 6)
    ]
    runs = [run for part in parts for run in sequence_ids(workspace.registry, board, part, ())]
    assert sorted(run.path for run in runs) == sorted(run.path for run in everything)


def test_every_process_computes_the_same_shard(shared_home: Path, tmp_path: Path) -> None:
    words = ["run", "real_v2", "--shard", "2/7", "--dry-run"]
    ours = segtransfer(*words, home=tmp_path / "one").stdout
    code = f"from benchmark.cli import main; import sys; sys.argv[1:] = {words}; main()"
    theirs = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path,
        env={"SEGTRANSFER_HOME": str(shared_home), "PYTHONHASHSEED": "5",
             "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    cells = [[line for line in text.splitlines() if line.startswith("  ")]
             for text in (ours, theirs.stdout)]  # fmt: skip
    assert cells[0] and cells[0] == cells[1], theirs.stderr


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/3", "1/99"])
def test_what_is_no_shard_is_refused(text: str, tmp_path: Path) -> None:
    board = shipped_registry().board("tiny_v2")
    with pytest.raises(CardError, match=f"--shard '?{text}'?: "):
        shard_of_cells(workspace_at(tmp_path), board, GridSelection(), Shard.parse(text))
