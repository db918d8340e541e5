"""Planned cells: their keys, and nested subsets of subjects."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.errors import CardError
from benchmark.planning.availability import missing_pretraining
from benchmark.planning.transfers import GridSelection, grid_cells, nested_subjects, plan
from benchmark.workspace import Workspace


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(content_roots())


def test_the_key_depends_on_the_protocol(registry: Registry, tmp_path: Path) -> None:
    workspace, board = Workspace(registry, tmp_path), registry.board("tiny_v2")
    keys = {cell.key for cell in plan(workspace, board, GridSelection(sources=("scratch",)))}
    assert len(keys) == 4
    limited = plan(workspace, board, GridSelection(sources=("scratch",), limit_steps=3))
    assert not keys & {cell.key for cell in limited}


def test_a_corrected_card_keeps_its_records_and_changes_their_marks(
    registry: Registry, tmp_path: Path
) -> None:
    card, board = registry.source("scratch"), registry.board("demo_v3")
    selection = GridSelection(sources=("scratch",))
    seen = registry.target(board.targets[0]).dataset
    corrected = SourceCard.model_validate(
        card.model_dump()
        | {"title": "Corrected", "saw": [{"dataset": seen, "subjects": "all"}]}
        | {"recorded_with": {"title": card.title, "saw": []}}
    )
    changed = corrected.model_copy(update={"recorded_with": None})

    def cells(source: SourceCard) -> dict[str, tuple[str, ...]]:
        known = replace(registry, sources=dict(registry.sources) | {"scratch": source})
        planned = plan(Workspace(known, tmp_path), board, selection)
        return {cell.key: cell.marks.contamination for cell in planned}

    before, after = cells(card), cells(corrected)
    assert set(after) == set(before) and not set(cells(changed)) & set(before)
    assert not any(before.values())
    assert {reasons for reasons in after.values() if reasons} == {(f"saw {seen}, all subjects",)}


def test_more_subjects_than_the_split_has_is_an_error(registry: Registry) -> None:
    rows = registry.split("phantom_fetal_head_64")
    with pytest.raises(CardError, match="61 training subjects wanted, but the split has 60"):
        nested_subjects(rows, 61)


def test_smaller_subsets_are_part_of_larger_ones(registry: Registry) -> None:
    rows = registry.split("phantom_fetal_head_64")
    assert set(nested_subjects(rows, 5)) < set(nested_subjects(rows, 20))
    assert len(nested_subjects(rows, 0)) == 60


def test_missing_pretraining_is_named_before_anything_is_trained(
    registry: Registry, tmp_path: Path
) -> None:
    workspace, board = Workspace(registry, tmp_path), registry.board("tiny_v2")
    missing = missing_pretraining(workspace, board, GridSelection())
    assert set(missing) == {"phantom_brain_segmentation", "phantom_brain_restoration"}


def test_a_target_may_be_run_with_some_numbers_of_subjects_only(registry: Registry) -> None:
    small, *others = registry.board("tiny_v2").targets
    board = registry.board("tiny_v2").model_copy(
        update={"train_subjects": (4, 16, 0), "train_subjects_of": {small: (4, 0)}}
    )
    cells = grid_cells(registry, board, GridSelection())
    assert {cell.train_subjects for cell in cells if cell.target == small} == {4, 0}
    assert {cell.train_subjects for cell in cells if cell.target in others} == {4, 16, 0}
    assert len(cells) == board.size
