"""Two entries, case by case: by hand, and where they cannot be compared."""

import numpy as np
import pytest
from support.factories import board as demo
from support.factories import make_record
from support.simulated import simulated_board, simulated_records
from support.tables import row

from benchmark.errors import RecordError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.compare import compare
from benchmark.leaderboard.entry_name import EntryName, find_entries
from benchmark.records.record import CaseScore, RunRecord
from benchmark.records.trust import TrustLevel

A = {"s1": 0.6, "s2": 0.7, "s3": 0.5}
B = {"s1": 0.4, "s2": 0.8, "s3": 0.5}
TARGET = "phantom_fetal_head_64"
FIRST, SECOND = EntryName("a", "full", "unet", 0), EntryName("scratch", "full", "unet", 0)


def pair(seeds: tuple[int, ...] = (0, 1)) -> list[RunRecord]:
    return [make_record("a", TARGET, k, A) for k in seeds] + [
        make_record("scratch", TARGET, k, B) for k in seeds
    ]


def test_the_difference_by_hand() -> None:
    (found,) = compare(demo(), FIRST, SECOND, pair())
    assert found.subjects.value == pytest.approx(0.1 / 3)
    assert found.over_cases.low == pytest.approx(found.subjects.low)
    assert (found.better, found.worse, found.equal) == (1, 1, 1)
    assert [round(case.difference, 6) for case in found.cases] == [0.2, 0.0, -0.1]
    assert [case.case for case in found.largest(2)] == ["c-s1", "c-s2"]
    assert found.cases[0].first == 0.6 and found.cases[0].low == pytest.approx(0.2)
    assert found.synthetic and found.notes == ()
    (turned,) = compare(demo(), SECOND, FIRST, pair())
    assert turned.subjects.value == -found.subjects.value and turned.better == 1


def test_the_least_trusted_record_counts() -> None:
    records = pair()
    trust: dict[str, TrustLevel] = {record.key: "re-run" for record in records}
    (found,) = compare(demo(), FIRST, SECOND, records, trust=trust)
    assert found.trust == ("re-run", "re-run")
    trust[records[1].key] = "re-scored"
    del trust[records[2].key]
    (found,) = compare(demo(), FIRST, SECOND, records, trust=trust)
    assert found.trust == ("re-scored", "self-reported")


def test_lower_is_better_turns_the_sign() -> None:
    def millimetres(record: RunRecord) -> RunRecord:
        cases = [
            case.model_copy(update={"scores": {"hd95_mm": case.scores["dice"]}})
            for case in record.cases
        ]
        return record.model_copy(update={"cases": tuple(cases), "main_metric": "hd95_mm"})

    (found,) = compare(demo(), FIRST, SECOND, [millimetres(record) for record in pair()])
    assert found.subjects.value == pytest.approx(-0.1 / 3)
    assert found.metric.unit == "mm"


def test_the_interval_is_that_of_the_leaderboards_gain() -> None:
    card = simulated_board(seeds=(0, 1, 2))
    records = simulated_records(card, 20)
    rows = build_leaderboard(card, records).rows.set_index(["target", "source"])
    for found in compare(card, *find_entries("t1_brain_restoration", "scratch", records), records):
        entry = row(rows, (found.target, "t1_brain_restoration"))
        assert found.subjects.value == pytest.approx(entry["gain"])
        assert found.subjects.low is not None and found.subjects.high is not None
        width = entry["gain_high"] - entry["gain_low"]
        assert found.subjects.high - found.subjects.low == pytest.approx(width, rel=0.1)


def test_cases_of_a_subject_stay_together() -> None:
    """Subject s1 has three cases of +0.3, s2 one of -0.1, s3 one of -0.1."""

    def record(source: str, seed: int, gain: float) -> RunRecord:
        owner = {"c1": "s1", "c2": "s1", "c3": "s1", "c4": "s2", "c5": "s3"}
        cases = tuple(
            CaseScore(case=case, subject=subject, label=label, reference_empty=False,
                      prediction_empty=False,
                      scores={"dice": 0.5 + gain * (0.3 if subject == "s1" else -0.1)
                              + (0.01 if label == "x" else -0.01)})
            for case, subject in owner.items() for label in ("x", "y")
        )  # fmt: skip
        return make_record(source, TARGET, seed).model_copy(update={"cases": cases})

    records = [record("a", k, 1.0) for k in (0, 1)] + [record("scratch", k, 0.0) for k in (0, 1)]
    (found,) = compare(demo(), FIRST, SECOND, records)
    assert found.subjects.value == pytest.approx(0.1 / 3)
    assert found.over_cases.value == pytest.approx(0.7 / 5)
    assert len(found.cases) == 5 and (found.better, found.worse) == (1, 2)
    assert found.over_cases.low is not None and found.over_cases.low < 0.14


def test_seeds_that_one_lacks_are_said() -> None:
    (found,) = compare(demo(), FIRST, SECOND, pair()[:-1])
    assert found.seeds == (0,) and found.notes == ("seeds 0 of 0, 1 only",)
    assert found.subjects.covers == "subjects only (one seed)"
    with pytest.raises(RecordError, match="no seed in common"):
        compare(demo(), FIRST, SECOND, [pair()[0], pair()[-1]])


def test_one_case_and_constant_scores_make_no_interval_up() -> None:
    (one,) = compare(
        demo(), FIRST, SECOND, [make_record(s, TARGET, dice={"s1": d})
                                for s, d in (("a", 0.5), ("scratch", 0.25))],
    )  # fmt: skip
    assert one.subjects.value == 0.25 and one.subjects.low is None
    flat = [make_record(s, TARGET, k, {"s1": 0.5, "s2": 0.5}) for s in ("a", "scratch")
            for k in (0, 1)]  # fmt: skip
    (same,) = compare(demo(), FIRST, SECOND, flat)
    assert same.subjects.value == 0 and same.equal == 2
    assert same.subjects.low is not None and same.subjects.high is not None
    assert np.isfinite([same.subjects.low, same.subjects.high]).all()


def test_marks_are_said() -> None:
    records = pair()
    marks = records[0].marks
    records[0] = records[0].model_copy(
        update={"marks": marks.model_copy(update={
            "contamination": ("saw it",), "partial_weights": True, "unranked": ("trial: 1 of 2",),
        })}
    )  # fmt: skip
    (found,) = compare(demo(), FIRST, SECOND, records)
    assert "a/full/nall: contaminated (saw it)" in found.notes
    assert "a/full/nall: partial weights" in found.notes
    assert "a/full/nall: UNRANKED, trial: 1 of 2" in found.notes


def test_what_cannot_be_compared_is_refused() -> None:
    records = pair((0,))
    odd = make_record("scratch", TARGET, 0, B, data="sha256:other")
    with pytest.raises(RecordError, match="different data"):
        compare(demo(), FIRST, SECOND, [records[0], odd])
    with pytest.raises(RecordError, match="different cases"):
        fewer = make_record("scratch", TARGET, 0, {"s1": 0.4})
        compare(demo(), FIRST, SECOND, [records[0], fewer])
    with pytest.raises(RecordError, match="no target in common"):
        compare(demo(), FIRST, SECOND, [records[0], make_record("scratch", "other", 0, B)])
    with pytest.raises(RecordError, match=f"Did you mean '{TARGET}'"):
        compare(demo(), FIRST, SECOND, records, "phantom_fetal_head")


CARD = simulated_board(
    ["scratch", "t1_brain_restoration"], ["ms_mslesseg"], ("full", "decoder"), (8, 0), (0,)
)
MANY = simulated_records(CARD, 3)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("scratch/full/n8", "t1_brain_restoration", "t1_brain_restoration/full/n8"),
        ("scratch/decoder/n8", "scratch/full/nall", "scratch/full/nall"),
        ("scratch/nall/full", "t1_brain_restoration/decoder/n8", "t1_brain_restoration/decoder/n8"),
        ("scratch/full", "t1_brain_restoration/n8", "t1_brain_restoration/full/n8"),
    ],
)
def test_what_one_entry_leaves_open_follows_the_other(
    first: str, second: str, expected: str
) -> None:
    assert str(find_entries(first, second, MANY)[1]) == expected


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("scrach", "scratch", "unknown entry 'scrach'. Did you mean 'scratch'"),
        ("scratch/ful", "scratch/full", "unknown strategy of scratch 'ful'. Did you mean 'full'"),
        ("scratch/n9", "scratch/n8", "unknown size of scratch 'n9'. Did you mean 'n8'"),
        ("scratch", "t1_brain_restoration", "could be scratch/"),
        ("scratch/full/n8", "scratch/full/n8", "both entries are scratch/full/n8"),
        ("", "scratch", "unknown entry ''"),
    ],
)
def test_entries_that_are_not_clear_are_one_line(first: str, second: str, message: str) -> None:
    with pytest.raises(RecordError, match="^[^\n]*$") as caught:
        find_entries(first, second, MANY)
    assert message in str(caught.value)


def test_no_record_is_one_line() -> None:
    with pytest.raises(RecordError, match="no records yet"):
        find_entries("a", "b", [])
