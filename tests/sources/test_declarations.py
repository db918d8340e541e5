"""What a card states about its pretraining data and its own facts, in `source check`."""

from pathlib import Path
from typing import Any

from support.factories import shipped_registry
from support.sources import encoder_tensors, stored_source

from benchmark.sources.declarations import check_contamination, check_unverified
from benchmark.sources.mini_board import MiniBoard
from benchmark.workspace import Workspace

SHIPPED = shipped_registry()


def board(home: Path, **changes: Any) -> MiniBoard:
    return MiniBoard(Workspace(SHIPPED, home), stored_source(home, encoder_tensors(), **changes))


def test_contamination_names_every_target(tmp_path: Path) -> None:
    def result(**changes: Any) -> str:
        outcome = check_contamination(board(tmp_path, **changes))
        assert outcome.ok is None
        return outcome.result

    phantom = result(saw=[{"dataset": "phantom_fetal_head", "subjects": "all"}])
    assert "phantom_fetal_head (saw phantom_fetal_head, all" in phantom
    assert "names no pretraining data" in result(saw=[])
    number = len(SHIPPED.targets)
    unknown = result(saw=[{"dataset": "unknown", "subjects": "unknown"}])
    assert unknown.startswith(f"{number} of {number} targets are not clean")


def test_data_that_nobody_can_compare_are_neither_clean_nor_contaminated(tmp_path: Path) -> None:
    web = {"dataset": "lvd1689m", "subjects": "all", "checkable": False}
    outcome = check_contamination(board(tmp_path, saw=[web]))
    assert outcome.ok is None and "clean" not in outcome.result
    assert "cannot be checked: lvd1689m" in outcome.result
    assert "compared by name only" not in outcome.result
    both = check_contamination(board(tmp_path, saw=[web, {"dataset": "hc18", "subjects": "all"}]))
    assert "fetal_head_hc18 (saw hc18" in both.result
    assert "cannot be checked: lvd1689m" in both.result


def test_what_the_author_could_not_check_is_shown(tmp_path: Path) -> None:
    outcome = check_unverified(board(tmp_path, unverified=["The licence.", "The mean."]))
    assert outcome.ok is None and outcome.result == "The licence.; The mean."
    assert check_unverified(board(tmp_path)).result == "the card names nothing"
