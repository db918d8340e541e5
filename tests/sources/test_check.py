"""`source check`: every failure is named, with a way to fix it."""

import json
from pathlib import Path

import pytest
import torch
from support.plugged import package  # noqa: F401  (a fixture)
from support.sources import encoder_tensors as tensors
from support.sources import stored_source as source
from typer.testing import CliRunner

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.cli.main import app
from benchmark.errors import WeightsError
from benchmark.sources import check as source_check
from benchmark.sources.mini_board import MiniBoard
from benchmark.sources.report import CheckReport, Finding
from benchmark.workspace import Workspace

SHIPPED = Registry.load(content_roots())
ORDER = ["schema", "hash", "safe load", "coverage", "reference", "feature maps", "frozen",
         "determinism", "contamination", "unverified", "fine tuning", "cost"]  # fmt: skip


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_check, "FINE_TUNING_STEPS", 4)


def check(card: SourceCard, home: Path) -> dict[str, Finding]:
    findings = source_check.run_checks(MiniBoard(Workspace(SHIPPED, home), card))
    return {finding.check: finding for finding in findings}


def test_a_good_source_passes(tmp_path: Path) -> None:
    state = tensors(channels=5) | {"model.fc.weight": torch.zeros(2)}
    findings = check(source(tmp_path, state, channels=5), tmp_path)
    assert list(findings) == ORDER
    assert all(finding.ok is not False for finding in findings.values()), findings
    information = [name for name, finding in findings.items() if finding.ok is None]
    assert information == ["reference", "unverified", "fine tuning", "cost"]
    coverage = findings["coverage"].result
    assert "100.0% of the values; in the file but not used: model.fc" in coverage
    maps = findings["feature maps"].result
    assert maps.startswith("lane unet: 64: 5x64²") and "256: " in maps
    assert "Dice" in findings["fine tuning"].result and "scratch" in findings["fine tuning"].result
    assert "says nothing of real images" in findings["fine tuning"].result
    assert "GFLOP" in findings["cost"].result
    assert "compared by name only: elsewhere" in findings["contamination"].result


def test_a_grey_stem_fits(tmp_path: Path) -> None:
    card = source(tmp_path, tensors(channels=1), channels=1)
    board = MiniBoard(Workspace(SHIPPED, tmp_path), card)
    assert source_check.check_coverage(board).ok and source_check.check_frozen(board).ok
    assert "64: 1x64²" in source_check.check_feature_maps(board).result


def test_a_plain_vision_transformer_is_checked_in_its_lane(tmp_path: Path) -> None:
    vit = "tu-test_vit"
    board = MiniBoard(Workspace(SHIPPED, tmp_path), source(tmp_path, tensors(vit), vit))
    assert board.lane == "dpt" and source_check.check_coverage(board).ok
    maps = source_check.check_feature_maps(board)
    assert maps.ok and maps.result.startswith("lane dpt: 64: " + "128x4² " * 3 + "128x4²; ")
    assert source_check.check_frozen(board).ok


def test_tensors_that_do_not_match_are_named(tmp_path: Path) -> None:
    state = tensors()
    state["model.other.weight"] = state.pop("model.conv1.0.weight")
    state["model.layer1.0.bn1.bias"] = torch.zeros(3)
    findings = check(source(tmp_path, state), tmp_path)
    coverage = findings["coverage"]
    assert coverage.ok is False and "missing: model.conv1.0.weight" in coverage.result
    assert "model.layer1.0.bn1.bias (3,)" in coverage.result
    assert "not used: model.other.weight" in coverage.result and "key_prefix" in coverage.fix
    assert "not checked" in findings["feature maps"].result and findings["contamination"].ok


def test_no_tensor_matches(tmp_path: Path) -> None:
    findings = check(source(tmp_path, tensors(), weights={"key_prefix": "trunk."}), tmp_path)
    assert findings["coverage"].ok is False and "0 of " in findings["coverage"].result


def test_a_changed_and_a_missing_file(tmp_path: Path) -> None:
    card = source(tmp_path, tensors())
    stored = next((tmp_path / "weights").rglob("mine.safetensors"))
    stored.write_bytes(stored.read_bytes()[:-4] + b"abcd")
    findings = check(card, tmp_path)["hash"]
    assert findings.ok is False and "segtransfer source import mine" in findings.fix
    stored.unlink()
    findings = check(card, tmp_path)["hash"]
    assert findings.ok is False and "segtransfer source import mine" in findings.fix


def test_values_that_are_not_finite(tmp_path: Path) -> None:
    state = tensors()
    state["model.conv1.0.weight"][0] = float("nan")
    findings = check(source(tmp_path, state), tmp_path)
    assert findings["safe load"].ok is False and "NaN" in findings["safe load"].result


@pytest.mark.usefixtures("package")
def test_encoders_of_packages_have_to_keep_the_contract(tmp_path: Path) -> None:
    def board(encoder: str) -> MiniBoard:
        return MiniBoard(Workspace(SHIPPED, tmp_path), source(tmp_path, tensors(encoder), encoder))

    pyramid = source_check.check_feature_maps(board("my_encoder"))
    assert pyramid.ok and "contract of benchmark.models.plugins.template" in pyramid.result
    frozen = source_check.check_frozen(board("own_counting"))
    assert frozen.ok is False and "encoder.body.seen" in frozen.result and "eval()" in frozen.fix
    with pytest.raises(WeightsError, match="two forward passes"):
        source_check.check_feature_maps(board("own_noisy"))


def test_the_command_writes_a_report_with_escaped_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state = tensors()
    state["<script>alert(1)</script>|`x"] = torch.zeros(1)
    state["\x1b[31mred\nline"] = torch.zeros(1)
    state["model.gone"] = state.pop("model.conv1.0.weight")
    card = source(tmp_path / "home", state)
    path = tmp_path / "cards/tasks/source/mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(card.model_dump_json(exclude_none=True))
    words = ["--home", "home", "source", "check", str(path), "--out", "report"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1 and "✗" in done.output and "\x1b" not in done.output
    report = CheckReport.model_validate_json((tmp_path / "report/report.json").read_bytes())
    assert not report.passed and report.findings[0].check == "schema"
    assert done.output.count("report: ") == 1
    page = (tmp_path / "report/report.md").read_text()
    assert "<script>" not in page and "\x1b" not in page and "\\|\\`x" in page
    assert "## How to fix it" in page


def test_a_broken_card_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text("id: mine\nversion: 1\ntitel: x\n")
    done = CliRunner().invoke(app, ["--home", "home", "source", "check", str(path)])
    assert done.exit_code == 1
    report = json.loads((tmp_path / "runs/source_check/mine/report.json").read_text())
    assert report["findings"][0]["ok"] is False
    assert "Did you mean 'title'" in report["findings"][0]["result"]
