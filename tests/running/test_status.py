"""How far a folder is, from the folder alone."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.factories import board, board_folder, make_record, workspace_at

from benchmark.cards.registry import Registry
from benchmark.owners import HOST
from benchmark.planning.cell_times import cell_steps, expected_seconds
from benchmark.planning.transfers import GridSelection, grid_cells
from benchmark.records.record import Failure
from benchmark.records.run_errors import note_error
from benchmark.records.store import Store
from benchmark.running.claims import FOLDER, LEASE_S, Claim, claimed, running_claims
from benchmark.running.status import run_status
from benchmark.workspace import Workspace

TARGETS = ("phantom_fetal_head_64", "phantom_brain_anatomy_64")


def write(folder: Path, seconds: Sequence[float], failed: Failure | None = None) -> None:
    """A record of `scratch` for each seed, that took so long; the last one failed."""
    for seed, value in enumerate(seconds):
        why = failed if seed + 1 == len(seconds) else None
        record = make_record(seed=seed, dice={"s1": 0.0 if why else 0.5})
        cost = record.cost.model_copy(update={"total_seconds": value})
        Store(folder).write(record.model_copy(update={"cost": cost, "failed": why}))


def test_every_cell_is_counted_once(tmp_path: Path) -> None:
    card, workspace = board(), workspace_at(tmp_path / "home")
    folder = board_folder(tmp_path)
    write(folder, [2.0, 4.0], Failure(reason="loss", step=3, learning_rate=0.1))
    other = f"records/{TARGETS[0]}/phantom_brain_segmentation/full/nall/seed0.json"
    note_error(folder, other, "out of memory", "2026-01-01T00:00:00+00:00")
    with claimed(folder, other.replace("seed0", "seed1")):
        found = run_status(workspace, folder)
    paths = [
        f"records/{cell.path}" for cell in grid_cells(workspace.registry, card, GridSelection())
    ]
    first = [path for path in paths if f"{TARGETS[0]}/scratch/" in path]
    assert sorted([*found.done, *found.missing]) == sorted(paths)
    assert found.done == tuple(first[:2]) and found.failed == (first[1],)
    assert [claim.name for claim in found.running] == [other.replace("seed0", "seed1")]
    assert [error.name for error in found.errors] == [other]
    assert set(found.missing) > {other, found.running[0].name}
    assert (found.unit, found.beyond, found.measured) == ("cell", 0, 2)
    assert found.remaining_seconds == pytest.approx(3.0 * len(found.missing))


def test_without_any_measured_cell_the_time_is_not_known(tmp_path: Path) -> None:
    found = run_status(workspace_at(tmp_path / "home"), board_folder(tmp_path))
    assert found.remaining_seconds is None and not found.done


def test_cards_are_not_needed(tmp_path: Path) -> None:
    """On a machine that has the folder only, sources and targets of somebody's own are counted."""
    folder = board_folder(tmp_path)
    write(folder, [2.0])
    Store(folder).write(make_record(source="own"))
    nothing = Registry(datasets={}, sources={}, targets={}, boards={}, folders={})
    found = run_status(Workspace(nothing, tmp_path / "home"), folder)
    with_own = board().model_copy(update={"sources": (*board().sources, "own")})
    assert len(found.done) == 2 and len(found.missing) == with_own.size - 2


def test_records_beyond_the_grid_are_counted_apart(tmp_path: Path) -> None:
    folder = board_folder(tmp_path)
    Store(folder).write(make_record(target="somewhere_else"))
    found = run_status(workspace_at(tmp_path / "home"), folder)
    assert (len(found.done), found.beyond, len(found.missing)) == (0, 1, board().size)


def test_sequences_are_counted(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    folder = workspace.registry.folders["phantom_sequence_v2"]
    found = run_status(workspace, folder)
    assert (found.unit, len(found.done), found.missing) == ("sequence", 24, ())
    assert found.done[0].startswith("sequences/") and found.remaining_seconds == 0


def test_the_remaining_time_is_right_within_a_fifth_after_a_tenth() -> None:
    """Every tenth cell of a grid in which sources differ by the factor 40, and targets by 1.2."""
    registry = workspace_at(Path()).registry
    card = registry.board("standard_v2")
    steps = cell_steps(
        registry, card, [x.path for x in grid_cells(registry, card, GridSelection())]
    )
    costs = {name: 1.0 + 3 * number for number, name in enumerate(card.sources)}
    truth = {
        path: costs[path.split("/")[1]] * (1 + 0.1 * (number % 3 - 1)) * steps[path]
        for number, path in enumerate(steps)
    }
    seconds = {path: truth[path] for path in [*truth][::10]}
    expected = expected_seconds(steps, seconds)
    left = sum(truth[path] for path in truth if path not in seconds)
    guess = sum(expected[path] for path in truth if path not in seconds)
    assert guess == pytest.approx(left, rel=0.2)


def test_only_claims_that_count_are_listed(tmp_path: Path) -> None:
    name = "records/t/s~x/full/nall/seed0.json"
    assert running_claims(tmp_path) == []
    with claimed(tmp_path, name):
        (path,) = (tmp_path / FOLDER).glob("[!.]*")
        stated = json.loads(path.read_bytes())
        path.write_text(json.dumps(stated | {"since": time.time() - 90}))
        (claim,) = running_claims(tmp_path)
        assert claim[:3] == Claim(name, HOST, os.getpid(), 0)[:3]
        assert 90 <= claim.seconds < 120
        for content in ("", "[]", json.dumps(stated | {"host": "elsewhere"})):
            path.write_text(content)
            os.utime(path, (time.time() - LEASE_S - 60,) * 2)
            assert running_claims(tmp_path) == []
