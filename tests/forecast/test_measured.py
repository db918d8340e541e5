"""Which gains are told apart: those whose comparison excludes 0."""

import numpy as np
import pytest
from support.simulated import SOURCES, simulated_board, simulated_records

from benchmark.forecast.measured import measured_gains
from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.compare import compare
from benchmark.leaderboard.entry_name import EntryName
from benchmark.records.record import RunRecord

BOARD = simulated_board(tuple(SOURCES)[:5], ("fetal_head_hc18", "stroke_atlas_v2"))
RECORDS = simulated_records(BOARD)


def on_another_network(record: RunRecord) -> RunRecord:
    """Sources of natural images, and a copy of the baseline, on another network."""
    source = record.source.model_copy(update={"encoder": "resnet18"})
    return record.model_copy(update={"source": source})


def test_sources_on_one_network_are_separated_as_compare_separates_them() -> None:
    found = list(measured_gains(build_leaderboard(BOARD, RECORDS)))
    assert [one.setting.target for one in found] == ["fetal_head_hc18", "stroke_atlas_v2"]
    for one in found:
        target, size = one.setting.target, one.setting.train_subjects
        assert set(one.sources) == set(BOARD.sources) - {"scratch"} and one.strategy == "full"
        for k, first in enumerate(one.sources):
            for m, second in enumerate(one.sources):
                if k == m:
                    assert not one.better[k, m]
                    continue
                names = [EntryName(source, "full", "unet", size) for source in (first, second)]
                compared = compare(BOARD, names[0], names[1], RECORDS, target)[0].subjects
                assert compared.low is not None
                assert one.better[k, m] == (compared.low > 0)
                difference = one.gains[k] - one.gains[m]
                assert difference == pytest.approx(compared.value, abs=1e-9)
        assert 1 <= one.better.sum() <= 6


def test_a_source_is_held_against_the_baseline_of_its_network() -> None:
    records = []
    for record in simulated_records(simulated_board(targets=("fetal_head_hc18",))):
        natural = record.cell.source.startswith("natural")
        records.append(on_another_network(record) if natural else record)
    board = build_leaderboard(BOARD, records)
    sources = next(measured_gains(board)).sources
    assert sources and not any(source.startswith("natural") for source in sources)


def test_gains_of_different_networks_have_the_noise_of_four_entries() -> None:
    plain = simulated_board(targets=("fetal_head_hc18",), sizes=(0,))
    records = simulated_records(plain)
    for record in list(records):
        if record.cell.source in ("scratch", "natural_restoration"):
            moved = on_another_network(record)
            name = record.cell.source.replace("scratch", "scratch@resnet18")
            cell = moved.cell.model_copy(update={"source": name})
            key = f"sha256:{name}{record.cell.seed}"
            if name == record.cell.source:
                records.remove(record)
            records.append(moved.model_copy(update={"cell": cell, "key": key}))
    one = next(measured_gains(build_leaderboard(plain, records)))
    other = next(measured_gains(build_leaderboard(plain, simulated_records(plain))))
    assert set(one.sources) == set(other.sources)
    order = [one.sources.index(source) for source in other.sources]
    assert np.allclose(one.gains[order], other.gains)
    assert one.better[np.ix_(order, order)].sum() <= other.better.sum()


def test_scores_are_those_of_all_entries_and_separated_as_compare_separates_them() -> None:
    for one in measured_gains(build_leaderboard(BOARD, RECORDS), against="score"):
        assert set(one.sources) == set(BOARD.sources)
        for source, value in zip(one.sources, one.gains, strict=True):
            name = EntryName(source, "full", "unet", 0)
            base = EntryName("scratch", "full", "unet", 0)
            if source != "scratch":
                found = compare(BOARD, name, base, RECORDS, one.setting.target)[0].subjects
                scratch = one.sources.index("scratch")
                assert value - one.gains[scratch] == pytest.approx(found.value, abs=1e-9)
                assert found.low is not None
                assert one.better[one.sources.index(source), scratch] == (found.low > 0)


def test_a_lane_without_records_has_no_gains() -> None:
    assert list(measured_gains(build_leaderboard(BOARD, RECORDS), "dpt")) == []
