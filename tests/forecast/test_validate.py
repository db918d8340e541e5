"""Forecasts against gains: perfect and reversed ones, missing ones, and what is concluded."""

from functools import cache
from pathlib import Path

import pytest
from support.factories import shipped_registry
from support.simulated import simulated_board, simulated_records

from benchmark.errors import RecordError
from benchmark.forecast.forecasts import (
    FILE,
    TITLES,
    BoardForecasts,
    SourceForecast,
    TargetForecast,
    no_forecasts,
    ranks,
    read_forecasts,
    write_forecasts,
)
from benchmark.forecast.measured import measured_gains
from benchmark.forecast.pixels import CASES
from benchmark.forecast.report import forecast_table, validation_lines
from benchmark.forecast.validate import validate
from benchmark.leaderboard.build import Leaderboard, build_leaderboard

SIX = ("fetal_head_hc18", "stroke_atlas_v2", "liver_chaos", "ms_mslesseg", "lung_ribs", "liver_msd")


@cache
def leaderboard(targets: tuple[str, ...] = SIX) -> Leaderboard:
    board = simulated_board(targets=targets)
    return build_leaderboard(board, simulated_records(board))


def forecasts(board: Leaderboard, missing: str = "") -> BoardForecasts:
    """LogME is the gain, GBC its opposite, CC-FV and trivial ones are constant."""
    targets = []
    for measured in measured_gains(board):
        sources = tuple(
            SourceForecast(
                source=source, encoder="tu-test_resnet", seconds=1.0,
                values={**dict.fromkeys(TITLES, 0.5), "logme": float(gain), "gbc": -float(gain),
                        "h_score": None},
            )
            for source, gain in zip(measured.sources, measured.gains, strict=True)
            if source != missing
        )  # fmt: skip
        targets.append(TargetForecast(
            target=measured.setting.target, data="sha256:0", synthetic=True, cases=3, pixels=90,
            sources=sources,
        ))  # fmt: skip
    return no_forecasts(board.board).model_copy(update={"targets": tuple(targets)})


def test_the_gain_itself_is_a_perfect_forecast_and_its_opposite_the_worst() -> None:
    found = validate(forecasts(leaderboard()), leaderboard())
    assert len(found.settings) == 6 and found.best_trivial == "imagenet_top1"
    for one in found.settings:
        taus = {name: own.tau for name, own in one.agreements.items()}
        assert (taus["logme"], taus["gbc"], taus["cc_fv"], taus["h_score"]) == (1, -1, 0, 0)
        assert one.possible == 15 and one.agreements["logme"].pairs <= 15
    tau, difference = found.overall["logme"].tau, found.overall["logme"].against_trivial
    assert (tau.mean, tau.low, tau.high) == (1, 1, 1)
    assert difference is not None and difference.low == 1
    text = "\n".join(validation_lines(found))
    assert "Better than ImageNet top-1, the best trivial forecast: LogME." in text


def test_few_targets_show_nothing() -> None:
    board = leaderboard(SIX[:3])
    text = "\n".join(validation_lines(validate(forecasts(board), board)))
    assert "No score is shown to be better than ImageNet top-1" in text
    assert "3 targets; fewer than 6 targets give no 95 % interval" in text


def test_a_source_without_a_forecast_is_left_out() -> None:
    board = leaderboard(SIX[:3])
    found = validate(forecasts(board, missing="t1_brain_segmentation"), board)
    assert {len(one.measured.sources) for one in found.settings} == {5}
    empty = forecasts(board).model_copy(update={"targets": ()})
    nothing = validate(empty, board)
    assert nothing.settings == () and nothing.overall == {}
    assert "there is nothing to order" in "\n".join(validation_lines(nothing))


def test_ranks_share_ties_and_leave_out_what_has_no_value() -> None:
    assert ranks({"a": 1.0, "b": 3.0, "c": 3.0, "d": None}) == {"a": 3, "b": 1, "c": 1}
    table = forecast_table(forecasts(leaderboard()).targets[0])
    assert [row[1].split()[1] for row in table.rows] == [f"({k})" for k in range(1, 7)]
    assert table.rows[0][2] == "-" and "SYNTHETIC" in table.title


def test_later_forecasts_replace_those_of_the_same_source_on_the_same_pixels() -> None:
    made = forecasts(leaderboard(SIX[:3]))
    first = made.targets[0]
    assert made.joined(first) == made
    again = first.sources[1].model_copy(update={"seconds": 9.0})
    joined = made.joined(first.model_copy(update={"sources": (again,)})).targets[0]
    assert joined.sources == (first.sources[0], again, *first.sources[2:])
    other = first.model_copy(update={"sources": (again,), "pixels": 91})
    assert made.joined(other).targets == (other, *made.targets[1:])


def test_the_shipped_forecasts_are_of_the_boards_protocol_and_sources() -> None:
    registry = shipped_registry()
    board = registry.board("real_v2")
    kept = read_forecasts(registry.folders["real_v2"] / FILE, board)
    assert {target.target for target in kept.targets} <= set(board.targets)
    for target in kept.targets:
        assert {own.source for own in target.sources} <= set(board.sources)
        assert not target.synthetic and target.cases <= CASES


def test_a_file_is_read_as_written_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path, made = tmp_path / "forecast.json", forecasts(leaderboard(SIX[:3]))
    write_forecasts(path, made)
    board = leaderboard(SIX[:3]).board
    assert read_forecasts(path, board) == made
    path.write_text(path.read_text().replace('"logme"', '"logmee"'))
    with pytest.raises(RecordError, match="unknown forecasts logmee"):
        read_forecasts(path, board)
    write_forecasts(path, made)
    other = board.model_copy(update={"id": "another"})
    with pytest.raises(RecordError, match="for another board or protocol than that of another"):
        read_forecasts(path, other)
    path.write_text("{}")
    with pytest.raises(RecordError, match="damaged"):
        read_forecasts(path, board)
