"""Advice as text: it fits, says what it rests on, and says plainly when there is nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support.factories import workspace_at

from benchmark.leaderboard.advice import Advice, AdviceQuestion, AdvisedSetting, advise
from benchmark.views.advice import advice_json, advice_lines

ASKED = AdviceQuestion(domain="ultrasound", subjects=16)


def setting(candidates: bool = True, synthetic: bool = False) -> AdvisedSetting:
    row = {
        "source": "imagenet_mobilenet_v2_torchvision", "strategy": "full", "score": 0.9,
        "low": 0.85, "high": 0.95, "gain": None, "gain_low": None, "gain_high": None,
        "fine_tuning_seconds": 12.3, "encoder": "mobilenet_v2",
    }  # fmt: skip
    return AdvisedSetting(
        "real_v1", "fetal_head_hc18", "unet", 20, 44, "dice", synthetic, 7, pd.DataFrame([row]),
        candidates, ("scratch/full: lacks seed 1",),
        ("imagenet_mobilenet_v2_torchvision", "scratch"),
    )  # fmt: skip


def shown(advice: Advice, width: int = 120) -> str:
    return "\n".join(advice_lines(advice, width))


def test_what_it_rests_on_is_said() -> None:
    text = shown(Advice(ASKED, (setting(),), ("lung_ribs",), ("scratch",)))
    for part in ("with 16 training subjects, by real records", "board real_v1, lane unet",
                 "20 training subjects, 44 test subjects",
                 "1 of 7 ranked entries is a candidate for the best",
                 "-            0.900  [0.850, 0.950]  ", "not ranked: scratch/full: lacks seed 1",
                 "not tested: 1 target: lung_ribs", "nearest: 20"):  # fmt: skip
        assert part in text
    assert "SYNTHETIC" not in text and "other networks" not in text


@pytest.mark.parametrize(("blank", "said"), [(0.0, False), (0.84, False), (0.86, True)])
def test_leaders_that_are_no_better_than_an_empty_prediction_are_told(
    blank: float, said: bool
) -> None:
    text = shown(Advice(ASKED, (replace(setting(), empty_prediction=blank),)))
    assert ("better than an empty prediction, which scores 0.860" in text) == said


def test_synthetic_records_are_in_the_heading() -> None:
    asked = AdviceQuestion(domain="ultrasound", subjects=16, synthetic=True, network="resnet18")
    text = shown(Advice(asked, (setting(candidates=False, synthetic=True),)))
    assert text.splitlines()[0].endswith("on the network resnet18, by real and SYNTHETIC records")
    assert (
        "(SYNTHETIC)" in text
        and "not a candidate for the best: entries on other networks are better" in text
    )


@pytest.mark.parametrize("width", [80, 120, 200])
def test_tables_fit(width: int) -> None:
    lines = advice_lines(Advice(ASKED, (setting(),)), width)
    (row,) = (line for line in lines if line.startswith("imagenet"))
    assert len(row) <= width and row.split()[:2] == [
        "imagenet_mobilenet_v2_torchvision", "full",
    ]  # fmt: skip


def test_without_records_it_says_so(tmp_path: Path) -> None:
    advice = advise(workspace_at(tmp_path), AdviceQuestion(domain="none", subjects=16))
    assert advice.settings == ()
    text = shown(advice)
    assert "There is no real record for this question" in text and "--synthetic" in text


def test_json_is_json() -> None:
    found = json.loads(advice_json(Advice(ASKED, (setting(),))))
    (leading,) = found["settings"][0]["leading"]
    assert leading["score"] == 0.9 and leading["gain"] is None
