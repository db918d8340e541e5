"""Advice is what the leaderboards say: their leading groups, their gains, nothing synthetic."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.factories import board_folder, make_record, shipped_registry

from benchmark.errors import CardError
from benchmark.leaderboard.advice import AdviceQuestion, advise
from benchmark.leaderboard.folder import read_leaderboard
from benchmark.records.store import Store
from benchmark.workspace import Workspace

TARGET = "phantom_fetal_head_64"
BRAIN = ("phantom_brain_segmentation", "phantom_brain_restoration")
ASKED = AdviceQuestion(domain="ultrasound", subjects=16)


def workspace_at(home: Path, *, synthetic: bool) -> Workspace:
    """No boards with shipped records; the target's images count as real, or as synthetic."""
    registry = shipped_registry()
    card = registry.dataset(TARGET).model_copy(update={"synthetic": synthetic})
    boards = {name: card for name, card in registry.boards.items()
              if not (registry.folders[name] / "records").exists()}  # fmt: skip
    datasets = {**registry.datasets, TARGET: card}
    return Workspace(replace(registry, datasets=datasets, boards=boards), home)


def write(folder: Path, means: dict[str, float], *, synthetic: bool = False) -> Store:
    """Records of 30 subjects and two seeds, with these mean Dice scores."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.02, 30)
    store = Store(board_folder(folder))
    for source, mean in means.items():
        for seed in (0, 1):
            noise = shared + rng.normal(0, 0.01, 30)
            record = make_record(
                source, seed=seed, dice={f"s{k:02}": float(mean + noise[k]) for k in range(30)}
            )
            marks = record.marks.model_copy(update={"synthetic": synthetic})
            chosen = record.selection.model_copy(
                update={"train_subjects": tuple(f"t{k}" for k in range(20))}
            )
            store.write(record.model_copy(update={"marks": marks, "selection": chosen}))
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two sources that lead, and scratch far behind."""
    return write(tmp_path_factory.mktemp("real"), {"scratch": 0.4, BRAIN[0]: 0.8, BRAIN[1]: 0.799})


def test_the_leading_group_is_that_of_the_leaderboard(store: Store, tmp_path: Path) -> None:
    rows = read_leaderboard(store).rows.set_index("source")
    candidates = rows.index[rows["group"] == 1]
    assert {*candidates} == {*BRAIN} and rows.loc[["scratch"], "group"].isna().all()
    advice = advise(workspace_at(tmp_path, synthetic=False), ASKED, [store.folder])
    (setting,) = advice.settings
    assert (setting.board, setting.target, setting.subjects) == ("tiny_v2", TARGET, 20)
    assert [*setting.leading["source"]] == [*BRAIN] and setting.ranked == 3
    assert [*setting.leading["gain_low"]] == [*rows.loc[[*BRAIN], "gain_low"]]
    assert "fetal_head_hc18" in advice.untested_targets and TARGET not in advice.untested_targets
    assert "imagenet_resnet18_torchvision" in advice.untested_sources
    assert not {"scratch", *BRAIN} & set(advice.untested_sources)


def test_synthetic_records_are_used_only_when_asked_for(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path / "home", synthetic=True)
    folder = tmp_path / "runs"
    folder.mkdir()
    write(folder, {"scratch": 0.4, BRAIN[0]: 0.8}, synthetic=True)
    assert not advise(workspace, ASKED, [folder]).settings
    asked = replace(ASKED, synthetic=True, target=TARGET)
    settings = advise(workspace, asked, [folder]).settings
    assert {setting.target for setting in settings} == {TARGET}
    assert "tiny_v2" in {setting.board for setting in settings if setting.synthetic}


def test_the_network_narrows_the_choice(store: Store, tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, synthetic=False)
    for network, expected in (("test_resnet", 1), ("tu-test_resnet", 1), ("resnet50", 0)):
        asked = replace(ASKED, network=network)
        assert len(advise(workspace, asked, [store.folder]).settings) == expected


def test_boards_that_would_answer_run_the_network(tmp_path: Path) -> None:
    asked = AdviceQuestion(domain="ct", subjects=16)
    workspace = workspace_at(tmp_path, synthetic=False)
    boards = {
        network: set(advise(workspace, replace(asked, network=network)).boards)
        for network in (None, "resnet50", "monai-vnet", "resnet101")
    }
    assert boards["resnet50"] == {"standard_v2"} and not boards["resnet101"]
    assert "yoon2024_ct" in boards["monai-vnet"] < boards[None]


def test_entries_without_a_rank_are_named_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    store = write(folder, {"scratch": 0.4, BRAIN[0]: 0.8})
    store.path(make_record(BRAIN[0], seed=1).cell).unlink()
    workspace = workspace_at(tmp_path / "home", synthetic=False)
    (setting,) = advise(workspace, ASKED, [folder]).settings
    assert [*setting.leading["source"]] == ["scratch"]
    (reason,) = setting.unranked
    assert reason.startswith(f"{BRAIN[0]}/full: ") and "seed" in reason


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domain": "ultrasond"}, "Did you mean 'ultrasound'"),
        ({"target": "stroke_atlas_v2"}, "'stroke_atlas_v2' is of the domain brain_mri"),
        ({"target": "stroke"}, "unknown target task 'stroke'"),
    ],
)
def test_a_wrong_question_is_refused(changes: dict[str, str], message: str, tmp_path: Path) -> None:
    question = AdviceQuestion(**{"domain": "ultrasound", "subjects": 16, **changes})  # type: ignore[arg-type]
    with pytest.raises(CardError, match=message):
        advise(workspace_at(tmp_path, synthetic=True), question)
