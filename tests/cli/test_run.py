"""`segtransfer run`: which cells of a board with lanes are run."""

import sys
from pathlib import Path

import pytest
from support.command import refusal, segtransfer

CHOICE = ("--sources", "scratch", "--targets", "phantom_fetal_head", "--seeds", "0", "--dry-run")


def test_lanes_are_chosen_like_strategies(shared_home: Path) -> None:
    def planned(*words: str) -> list[str]:
        lines = segtransfer("run", "standard_v1", *CHOICE, *words, home=shared_home).output
        return [line.split("/")[2] for line in lines.splitlines() if line.startswith("  ")]

    everywhere = ["full", "decoder", "encoder", "full.dpt", "decoder.dpt", "encoder.dpt",
                  "linear.linear"]  # fmt: skip
    assert planned() == everywhere
    assert planned("--lanes", "linear,dpt", "--strategies", "full,linear") == [
        "full.dpt", "linear.linear",
    ]  # fmt: skip


def test_an_unknown_lane_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "standard_v1", "--lanes", "dtp")
    assert "Did you mean 'dpt'?" in refusal(*words, monkeypatch=monkeypatch, capsys=capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--engine", "dask"), "unknown engine 'dask'"),
        (("--gpus-per-cell", "1"), "add --engine ray"),
        (("--engine", "ray", "--device", "cuda"), "--gpus-per-cell states the device"),
    ],
)
def test_options_of_an_engine_belong_together(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = ("run", "tiny_v2", "--dry-run")
    assert message in refusal(*run, *words, monkeypatch=monkeypatch, capsys=capsys)


def test_ray_is_named_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ("--home", str(tmp_path), "run", "tiny_v2", "--sources", "scratch", "--engine", "ray")
    error = refusal(*words, "--out", str(tmp_path / "run"), monkeypatch=monkeypatch, capsys=capsys)
    assert "pip install 'segtransfer[ray]'" in error
