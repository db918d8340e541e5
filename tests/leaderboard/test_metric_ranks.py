"""Ranks under each metric, and Kendall's tau between them, worked out by hand and by definition."""

from math import sqrt

import numpy as np
import pytest
from support.factories import board, make_record

from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.leaderboard.metric_ranks import MetricAgreement
from benchmark.records.record import RunRecord
from benchmark.views.csv import to_csv
from benchmark.views.json import to_json
from benchmark.views.json_schema import BoardFile
from benchmark.views.markdown import to_markdown
from benchmark.views.metric_ranks import agreement_line, agreement_tables

A, B = board().targets
Scores = dict[str, dict[str, float]]  # by source and metric


def records(target: str, scores: Scores, seeds: tuple[int, ...] = (0, 1)) -> list[RunRecord]:
    """Records with the same scores in two subjects."""
    return [
        record.model_copy(
            update={"cases": tuple(c.model_copy(update={"scores": own}) for c in record.cases)}
        )
        for source, own in scores.items()
        for seed in seeds
        for record in [make_record(source, target, seed, {"s1": 0.5, "s2": 0.5})]
    ]


def agreement(found: Leaderboard, target: str | None) -> MetricAgreement:
    (one,) = (own for own in found.agreement if own.target == target)
    return one


ONE: Scores = {  # order by Dice a b c d; by HD95 b a c d; by IoU a and b are tied
    "scratch": {"dice": 0.9, "hd95_mm": 2.0, "iou": 0.8},
    "b": {"dice": 0.8, "hd95_mm": 1.0, "iou": 0.8},
    "c": {"dice": 0.7, "hd95_mm": 3.0, "iou": 0.6},
    "d": {"dice": 0.6, "hd95_mm": 4.0, "iou": 0.5},
}


def test_ranks_and_tau_are_those_worked_out_by_hand() -> None:
    found = build_leaderboard(board(), records(A, ONE))
    rows = found.rows.set_index("source")
    assert rows["rank_by_dice"].to_dict() == rows["rank"].to_dict()
    assert rows["rank_by_hd95_mm"].to_dict() == {"scratch": 2, "b": 1, "c": 3, "d": 4}
    assert rows["rank_by_iou"].to_dict() == {"scratch": 1.5, "b": 1.5, "c": 3, "d": 4}
    own = agreement(found, A)
    assert (own.main_metric, own.entries, set(own.tau)) == ("dice", 4, {"hd95_mm", "iou"})
    assert own.tau["hd95_mm"] == pytest.approx((5 - 1) / 6)  # one of six pairs is turned round
    assert own.tau["iou"] == pytest.approx(5 / sqrt(6 * 5))  # one pair is tied


def test_over_all_targets_only_complete_entries_and_common_metrics_count() -> None:
    two: Scores = {
        "scratch": {"dice": 0.5, "hd95_mm": 9.0},
        "b": {"dice": 0.9, "hd95_mm": 1.0},
        "c": {"dice": 0.8, "hd95_mm": 5.0},
    }
    found = build_leaderboard(board(), records(A, ONE) + records(B, two))
    overall = found.overall.set_index("source")
    assert overall["rank_by_dice"].dropna().to_dict() == {"b": 1.5, "scratch": 2, "c": 2.5}
    assert overall["rank_by_hd95_mm"].dropna().to_dict() == {"b": 1, "scratch": 2.5, "c": 2.5}
    assert overall["rank_by_iou"].isna().all()  # the second target does not have it
    own = agreement(found, None)
    assert own.entries == 3 and own.tau == {"hd95_mm": pytest.approx(2 / sqrt(3 * 2))}


def tau_b(x: np.ndarray, y: np.ndarray) -> float:
    """Concordant less discordant pairs, over the geometric mean of the pairs untied in each."""
    a, b = (np.sign(np.subtract.outer(v, v)) for v in (x, y))
    return float((a * b).sum() / sqrt((a * a).sum() * (b * b).sum()))


def test_tau_is_that_of_the_definition_on_random_scores() -> None:
    rng = np.random.default_rng(0)
    names = ["scratch", *"abcdefghijk"]
    metrics = ("dice", "iou", "assd_mm")
    scores: Scores = {n: {m: float(rng.integers(0, 8) / 8) for m in metrics} for n in names}
    own = agreement(build_leaderboard(board(), records(A, scores)), A)
    dice, iou, assd = (np.array([s[m] for s in scores.values()]) for m in metrics)
    assert own.tau["iou"] == pytest.approx(tau_b(dice, iou))
    assert own.tau["assd_mm"] == pytest.approx(tau_b(dice, -assd))


def test_a_signed_metric_is_best_at_zero() -> None:
    name = "head_circumference_difference_mm"
    scores: Scores = {
        "scratch": {"dice": 0.9, name: -1.0},
        "b": {"dice": 0.8, name: 0.5},
        "c": {"dice": 0.7, name: -9.0},
    }
    rows = build_leaderboard(board(), records(A, scores)).rows.set_index("source")
    assert rows[f"rank_by_{name}"].to_dict() == {"b": 1, "scratch": 2, "c": 3}


@pytest.mark.parametrize(
    "scores",
    [
        {"scratch": ONE["b"]},
        {"scratch": {"dice": 0.5, "iou": 0.4}, "b": {"dice": 0.5, "iou": 0.3}},
        {"scratch": {"dice": 0.5, "iou": 0.4}, "b": {"dice": 0.6, "iou": 0.4}},
    ],
    ids=["one entry", "all tied by the main metric", "all tied by the other"],
)
def test_without_two_orders_there_is_no_tau(scores: Scores) -> None:
    found = build_leaderboard(board(), records(A, scores))
    taus = agreement(found, A).tau
    assert taus and set(taus.values()) == {None}
    assert agreement_tables(found) == [] and agreement_line(found) == ""
    assert BoardFile.model_validate_json(to_json(found)).metric_agreement[0].tau == taus


def test_unranked_entries_have_no_rank_under_any_metric() -> None:
    found = build_leaderboard(board(), records(A, ONE)[:-1])
    rows = found.rows.set_index("source")
    assert rows.loc["d"].filter(like="rank_by").isna().all()
    assert rows["rank_by_hd95_mm"].dropna().to_dict() == {"scratch": 2, "b": 1, "c": 3}
    assert agreement(found, A).entries == 3
    trial = [r.model_copy(update={"marks": r.marks.model_copy(update={"unranked": ("trial",)})})
             for r in records(A, ONE)]  # fmt: skip
    unranked = build_leaderboard(board(), trial)
    assert unranked.agreement == () and unranked.rows.filter(like="rank_by").isna().all(axis=None)


def test_every_output_shows_them() -> None:
    found = build_leaderboard(board(), records(A, ONE))
    file = BoardFile.model_validate_json(to_json(found))
    ranks = {row.source: row.ranks for row in file.rows}
    assert ranks["b"] == {"dice": 2, "hd95_mm": 1, "iou": 1.5}
    assert file.metric_agreement[0].tau["hd95_mm"] == pytest.approx(2 / 3)
    heads = to_csv(found).splitlines()[0]
    assert heads.endswith("gain_note,rank_by_dice,rank_by_hd95_mm,rank_by_iou")
    assert f"| {A} | 4 | Dice | 0.91 | 0.67 |" in to_markdown(found)
    assert agreement_line(found).endswith("IoU 0.91; HD95 0.67.")
