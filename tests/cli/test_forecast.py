"""`segtransfer forecast` on phantoms, and validated on what is shipped."""

from pathlib import Path

import pytest
from support.command import refusal, segtransfer
from support.factories import shipped_registry

from benchmark.forecast.forecasts import BoardForecasts, read_forecasts, write_forecasts

WORDS = ("forecast", "--target", "phantom_fetal_head_64", "--board", "tiny_v2", "--threads", "1")


def test_forecasts_are_printed_and_kept(shared_home: Path, tmp_path: Path) -> None:
    out = tmp_path / "forecast.json"
    words = (*WORDS, "--sources", "scratch", "--out", str(out))
    output = segtransfer(*words, home=shared_home).stdout
    assert "phantom_fetal_head_64, SYNTHETIC: " in output and "LogME" in output
    (target,) = read_forecasts(out, shipped_registry().board("tiny_v2")).targets
    assert [own.source for own in target.sources] == ["scratch"] and target.synthetic
    assert None not in target.sources[0].values.values()


def test_what_cannot_be_forecast_is_named(
    shared_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(*words: str) -> str:
        own = ("--home", str(shared_home), "forecast", *words)
        return refusal(*own, monkeypatch=monkeypatch, capsys=capsys)

    assert "hc18_fetal_head" in refused("--target", "fetal_head", "--sources", "scratch")
    out = tmp_path / "forecast.json"
    write_forecasts(out, BoardForecasts(board="tiny_v2", protocol="sha256:0", targets=()))
    assert "another board" in refused("--board", "quickstart_v2", "--out", str(out))
    assert "unknown lane 'dpt'" in refused("--validate", "--lane", "dpt")
    assert "no kept forecasts" in refused("--board", "tiny_v2", "--validate")
