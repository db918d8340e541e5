"""`segtransfer reproduce`: a tiny board end to end, what cannot run, and what is shipped."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.factories import SYNTHETIC_BOARDS, shipped_registry
from support.networks import unet
from typer.testing import CliRunner, Result

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cli.main import app
from benchmark.errors import BenchmarkError, CardError
from benchmark.models.networks import build_network
from benchmark.planning.availability import runnable_part
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.store import Store
from benchmark.running.inference import score_test_set
from benchmark.running.target_data import load_target
from benchmark.workspace import Workspace

TINY = """
  encoder: tu-test_resnet
  encoder_depth: 5
  decoder_channels: [16, 8, 8, 8, 8]
  outputs: sigmoid
  input_size: 32
  fit: squash
  normalisation: none
  optimizer: adam
  learning_rates: [1.0e-2]
  schedule: constant
  weight_decay: 0
  warmup_share: 0
  steps: 3
  batch_size: 7
  loss: cross_entropy
  foreground_share: 0
  augmentation: {rotation_degrees: 0, scale: 0, shift: 0, gamma: 0, noise: 0,
                 horizontal_flip: 0, vertical_flip: 0}
  checkpoint: last
  evaluations: 1
  precision: float32
"""
BOARD = f"""
id: tiny_v1
version: 1
title: Tiny
description: Synthetic.
protocol: {TINY}
sources: [scratch]
targets: [phantom_fetal_head_64]
strategies:
  decoder: {{train: [decoder, head], freeze_norm_stats: false}}
  encoder: {{train: [encoder], freeze_norm_stats: false}}
train_subjects: [6, 0]
seeds: [0, 1]
pooled_metrics: [pooled_pixel_accuracy, pooled_dice, pooled_iou]
reproduces:
  numbers: wang2023_as_published
  targets: {{phantom_fetal_head_64: fetal_head_hc18_legacy}}
  sizes: {{6: 79}}
"""


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private folder of cards with the tiny board, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    path = tmp_path / "cards/leaderboards/tiny_v1/board.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(BOARD, encoding="utf-8")
    return tmp_path / "cards"


def call(*words: str, content: Path, home: Path | None = None) -> Result:
    options = ["--content", str(content), "--home", str(home or content.parent / "home")]
    return CliRunner().invoke(app, [*options, *words])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_tiny_board_is_run_and_held_against_the_published_numbers(content: Path) -> None:
    words = ("reproduce", "tiny_v1", "--sizes", "0", "--device", "cpu", "--no-pictures")
    found = call(*words, content=content)
    assert found.exit_code == 0, found.output
    assert "illustrated" in found.stdout and "not run" in found.stdout
    table = found.stdout.partition("Published next to ours")[2].partition("illustrated:")[0]
    assert " difference " not in table
    assert "phantom_fetal_head_64" in found.stdout
    run = Path("runs/tiny_v1")
    held = rows(run / "reproduction.csv")
    ours = [row for row in held if row["ours"]]
    # decoder and encoder of scratch, three metrics each; the other 54 numbers were not run
    assert len(held) == 60 and len(ours) == 6
    assert {row["source"] for row in ours} == {"scratch"}
    reasons = "phantom_fetal_head_64 for fetal_head_hc18_legacy; synthetic; 2 of 4 runs"
    assert {row["why"] for row in ours} == {reasons}
    records = [record for _, record in Store(run).records()]
    for row in ours:
        same = [r.pooled for r in records if r.cell.strategy == row["strategy"]]
        mean = np.mean([pooled[row["metric"]] for pooled in same if pooled])
        assert float(row["ours"]) == pytest.approx(mean, abs=1e-6)
    for name in ("reproduction.md", "reproduction.svg", "reproduction.png", "README.md"):
        assert (run / name).is_file()
    assert "0.86" not in (run / "README.md").read_text() and not (run / "published.csv").exists()
    before = {path: path.stat().st_mtime_ns for path in run.glob("records/**/*.json")}
    beside = call(*words, "--beside", "runs/tiny_v1", content=content)
    assert beside.exit_code == 0 and "already done" in beside.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert all(row["beside"] == row["ours"] for row in rows(run / "reproduction.csv"))


SMALL = ("wang2023_small", "cheng2021_small", "zoetmulder2022_small", "yoon2024_small")


def cut(board: str, content: Path) -> str:
    """A board and its pretrained sources with hardly any steps, as cards of their own; its id."""
    registry = shipped_registry(SYNTHETIC_BOARDS)
    card = registry.board(board)
    text = card.model_dump_json(exclude_none=True)
    for source in {name.split("@")[0] for name in card.sources} - {"scratch"}:
        text = re.sub(rf"\b{source}\b", f"{source}_cut", text)
        small = registry.source(source).model_dump(mode="json", exclude_defaults=True)
        small["id"] += "_cut"
        small["pretrain"] |= {"steps": 2, "max_items": 8, "evaluations": 1}
        write_card(content / f"tasks/source/{source}_cut.yaml", small)
    small = json.loads(text) | {"id": f"{card.id}_cut", "seeds": [0]}
    small["protocol"] |= {"steps": 2, "evaluations": 1}
    small["protocol"].pop("epochs", None)
    for several in ("train_subjects", "targets"):
        small[several] = small[several][:1]
    for strategy in small["strategies"].values():
        for stage in strategy.get("stages", []):
            stage["steps"] = 1
    write_card(content / f"leaderboards/{small['id']}/board.yaml", small)
    return str(small["id"])


def write_card(path: Path, card: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(card), encoding="utf-8")  # JSON is YAML


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_the_small_board_of_each_work_runs_from_pretraining_to_comparison(
    name: str, content: Path, shared_home: Path
) -> None:
    name = cut(name, content)
    words = ("reproduce", name, "--device", "cpu", "--no-pictures")
    found = call(*words, content=content, home=shared_home)
    assert found.exit_code == 0, found.output
    registry = Registry.load(content_roots(content))
    cells = plan(Workspace(registry, shared_home), registry.board(name), GridSelection())
    records = [record for _, record in Store(Path("runs") / name).records()]
    assert {record.key for record in records} == {cell.key for cell in cells}
    assert all(record.marks.synthetic for record in records)
    for record in records:  # eight images, as the cut recipe says, or none at all
        wanted = None if record.cell.source.startswith("scratch") else 8
        assert record.source.pretraining_items == wanted
    assert "SYNTHETIC" in found.stdout and "left out: " not in found.stdout
    assert (Path("runs") / name / "reproduction.csv").is_file()


def test_a_part_that_the_network_has_not_is_refused_before_anything_is_trained(
    content: Path, shared_home: Path
) -> None:
    path = content / "leaderboards/tiny_v1/board.yaml"
    path.write_text(path.read_text().replace("train: [encoder]", "train: [encoder.0, head]"))
    found = call("run", "tiny_v1", "--seeds", "0", content=content, home=shared_home)
    assert isinstance(found.exception, BenchmarkError)
    assert str(found.exception).startswith("strategy 'encoder' on tu-test_resnet: unknown part")
    assert not list(Path("runs").rglob("seed0.json"))


def test_what_is_not_on_this_machine_is_named_and_left_out(content: Path) -> None:
    found = call("reproduce", "wang2023_as_published", content=content)
    assert found.exit_code == 0, found.output
    flat = " ".join(found.stdout.split())
    assert "left out: fetal_head_hc18_legacy: data set 'hc18_legacy' is not on this machine" in flat
    assert "approximated" not in flat and "rerun" not in flat
    assert "on smaller data: `segtransfer reproduce " in flat
    assert "reproduce real_wang2023`" in flat and "reproduce wang2023_fetal_head`" not in flat
    assert not Path("runs").exists()
    private = call("reproduce", "cheng2021_ribs", content=content)
    assert "impossible: nobody but the authors can run it" in private.stdout
    assert "are not public" in private.stdout and "not run" not in private.stdout


def test_a_work_without_known_numbers_says_so(content: Path) -> None:
    found = call("reproduce", "yoon2024_ct", content=content)
    assert found.exit_code == 0 and "no number of this paper is known to us" in found.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny_v2"], "reproduces no paper; those that do: .*wang2023_as_published"),
        (["wang2023"], "unknown board 'wang2023'"),
        (["tiny_v1", "--no-run", "--beside", "tiny_v2"], "reproduces no paper"),
        (["tiny_v1", "--strategies", "decodr"], "unknown strategy 'decodr'"),
    ],
)
def test_errors_are_one_line(words: list[str], message: str, content: Path) -> None:
    found = call("reproduce", *words, content=content)
    assert isinstance(found.exception, BenchmarkError)
    with pytest.raises(BenchmarkError, match=message) as error:
        raise found.exception
    assert "\n" not in str(error.value)


def test_a_board_that_reproduces_an_unknown_one_is_refused(content: Path) -> None:
    path = content / "leaderboards/tiny_v1/board.yaml"
    path.write_text(BOARD.replace("numbers: wang2023_as", "numbers: wang2024_as"))
    with pytest.raises(CardError, match="reproduces: unknown board.*'wang2023_as_published'"):
        Registry.load(content_roots(content))
    path.write_text(BOARD.replace("pooled_iou]", "pooled_iuo]"))
    with pytest.raises(CardError, match="Did you mean 'pooled_iou'"):
        Registry.load(content_roots(content))


def test_sizes_that_the_data_do_not_have_are_left_out(content: Path) -> None:
    path = content / "leaderboards/tiny_v1/board.yaml"
    path.write_text(BOARD.replace("[6, 0]", "[6, 600, 0]"))
    registry = Registry.load(content_roots(content))
    here = runnable_part(
        Workspace(registry, content.parent), registry.board("tiny_v1"), GridSelection()
    )
    assert here.selection.train_subjects == (6, 0) and list(here.why_not) == ["600"]


@pytest.mark.parametrize("version", [1, 2])
def test_pooled_scores_are_of_all_test_images_in_order(version: int, content: Path) -> None:
    registry = Registry.load(content_roots(content))
    board = registry.board("tiny_v1")
    transfer = plan(Workspace(registry, content.parent), board, GridSelection(seeds=(0,)))[0]
    protocol = transfer.protocol.model_copy(update={"version": version})
    transfer = replace(transfer, protocol=protocol)
    target = load_target(transfer, Workspace(registry, content.parent))
    data, opened = target.prepared, target.dataset
    torch.manual_seed(0)
    network = build_network(
        "tu-test_resnet", channels=3, input_size=32, classes=1, decoder=unet(16, 8, 8, 8, 8),
        normalisation_mean=(0.0,) * 3, normalisation_std=(1.0,) * 3, sigmoid=True,
    )  # fmt: skip
    found = score_test_set(network, target)[1]
    rows = data.rows(opened.names("test"))
    with torch.inference_mode():
        images = torch.from_numpy(np.array(data.images[rows])).float()
        logits = network.eval()(images)[:, 1] - network(images)[:, 0]
    p, y = logits.sigmoid().numpy() > 0.5, np.array(data.masks[rows]) == 1
    dices = []
    for k in range(0, len(rows), 7):
        both, size = (p[k : k + 7] & y[k : k + 7]).sum(), p[k : k + 7].sum() + y[k : k + 7].sum()
        dices.append(2 * both / size)
    assert len(dices) == 6 and found is not None
    assert found["pooled_dice"] == pytest.approx(np.mean(dices), abs=1e-6)
    assert found["pooled_pixel_accuracy"] == pytest.approx((p == y).mean(), abs=1e-6)
    plain = replace(target, board=board.model_copy(update={"pooled_metrics": ()}))
    assert score_test_set(network, plain)[1] is None


SHIPPED = [path.parent for path in SYNTHETIC_BOARDS.glob("leaderboards/*/reproduction.csv")]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_shipped_comparisons_are_what_their_records_say(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    content = ["--content", str(SYNTHETIC_BOARDS), "--home", str(tmp_path / "home")]
    words = [*content, "reproduce", folder.name, "--no-run"]
    found = CliRunner().invoke(app, [*words, "--out", str(copy)])
    assert found.exit_code == 0, found.output
    for name in ("reproduction.csv", "reproduction.md"):
        assert (copy / name).read_text() == (folder / name).read_text(), name
