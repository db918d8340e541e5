"""What is done of a board and what is missing for the rest, on a machine without anything."""

from pathlib import Path

from support.factories import board, board_folder, workspace_at

from benchmark.planning.progress import board_progress, sequence_progress
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.store import Store

SCRATCH = GridSelection(sources=("scratch",))


def test_cells_are_counted_before_anything_is_pretrained(tmp_path: Path) -> None:
    progress = board_progress(workspace_at(tmp_path), board(), GridSelection(), tmp_path)
    assert len(progress.paths) == len(progress.todo) == board().size
    assert progress.pretrained_first == board().sources[1:] and not progress.missing
    assert not list(tmp_path.iterdir())


def test_only_records_made_under_the_same_conditions_are_done(tmp_path: Path) -> None:
    from support.factories import make_record

    workspace, store = workspace_at(tmp_path), Store(board_folder(tmp_path))
    transfers = plan(workspace, board(), SCRATCH)
    first = make_record(seed=0)
    store.write(first.model_copy(update={"key": transfers[0].key}))
    store.write(make_record(seed=1))  # under other conditions
    assert transfers[0].cell == first.cell
    progress = board_progress(workspace, board(), SCRATCH, tmp_path)
    assert set(progress.paths) - set(progress.todo) == {first.cell.path}


def test_missing_data_and_weights_are_named_and_their_cells_counted(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    card = workspace.registry.board("wang2023_fetal_head")
    progress = board_progress(workspace, card, GridSelection(), tmp_path)
    assert len(progress.todo) == 144
    assert "segtransfer data get hc18" in progress.missing["fetal_head_hc18"]
    assert "source get" in progress.missing["imagenet_mobilenet_v2_torchvision"]


def test_sequences_are_counted(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    card = workspace.registry.board("phantom_sequence_v2")
    shipped = workspace.registry.folders[card.id]
    everything = GridSelection()
    assert not sequence_progress(workspace, card, everything, (), shipped).todo
    some = sequence_progress(workspace, card, GridSelection(seeds=(0,)), ("reverse",), tmp_path)
    expected = tuple(f"reverse/{source}/full/seed0.json" for source in card.sources)
    assert some.paths == some.todo == expected
