"""Advice as text: the leading entries of each setting, and what was not tested."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from benchmark.leaderboard.advice import Advice, AdvisedSetting
from benchmark.scoring.metrics import METRICS
from benchmark.views.text import (
    MISSING,
    TextTable,
    counted,
    fit_table,
    format_bounds,
    format_interval,
    format_number,
    listed,
)

MOST = 12  # names that are listed
METHOD = (
    "The entries of a table contain the best entry with 95 % confidence (group a). Gain: paired "
    "difference to the same network and strategy from random initialisation, with its 95 % "
    "interval. Time: fine-tuning, mean over the seeds, as recorded; boards were run on machines of "
    "different speed and load."
)


def advice_lines(advice: Advice, width: int) -> list[str]:
    """The advice in lines; tables have at most `width` characters."""
    question = advice.question
    records = "real and SYNTHETIC records" if question.synthetic else "real records"
    about = question.target or f"targets of the domain {question.domain}"
    network = f" on the network {question.network}" if question.network else ""
    lines = [f"Sources for {about} with {counted(question.subjects, 'training subject')}"
             f"{network}, by {records}"]  # fmt: skip
    for setting in advice.settings:
        lines += ["", *_setting(setting, width)]
    lines += ["", METHOD] if advice.settings else ["", *_nothing(advice)]
    return [*lines, "", *_untested(advice)]


def advice_json(advice: Advice) -> str:
    """The advice as JSON; numbers that are missing are null."""
    data = asdict(advice)
    for setting, plain in zip(advice.settings, data["settings"], strict=True):
        plain["leading"] = json.loads(setting.leading.to_json(orient="records"))
    return json.dumps(data, indent=1, ensure_ascii=False)


def _setting(setting: AdvisedSetting, width: int) -> Iterator[str]:
    metric = METRICS[setting.metric]
    yield (
        f"{setting.target}{' (SYNTHETIC)' if setting.synthetic else ''}: board {setting.board}, "
        f"lane {setting.lane}, {counted(setting.subjects, 'training subject')}, "
        f"{counted(setting.test_subjects, 'test subject')}"
    )
    if len(setting.leading):
        count = f"{len(setting.leading)} of {setting.ranked} ranked entries"
        what = "is a candidate" if len(setting.leading) == 1 else "are candidates"
        better = "" if setting.candidates else ": entries on other networks are better"
        yield f"{count} {what if setting.candidates else 'is not a candidate'} for the best{better}"
        columns = ["source", "strategy", "gain [95 %]", metric.title, "[95 %]", "network", "time"]
        style = metric.number_format
        rows = [
            [
                str(row["source"]),
                str(row["strategy"]),
                format_interval(row["gain"], row["gain_low"], row["gain_high"], f"+{style}"),
                format_number(row["score"], style),
                format_bounds(row["low"], row["high"], style) or MISSING,
                str(row["encoder"]),
                format_number(row["fine_tuning_seconds"], ".0f") + " s",
            ]
            for _, row in setting.leading.iterrows()
        ]
        yield from fit_table(TextTable("", columns, rows), width)
        blank = setting.empty_prediction
        if blank and metric.higher_is_better and not (setting.leading["low"] > blank).any():
            yield f"none is shown to be better than an empty prediction, which scores {blank:.3f}"
    for text in setting.unranked[:MOST]:
        yield f"not ranked: {text}"
    if (more := len(setting.unranked) - MOST) > 0:
        yield f"not ranked: {more} more; type segtransfer leaderboard {setting.board}"


def _nothing(advice: Advice) -> Iterator[str]:
    question = advice.question
    what = "record" if question.synthetic else "real record"
    yield f"There is no {what} for this question, so there is no advice."
    if advice.boards:
        yield f"Boards that would give one: {', '.join(advice.boards)}"
        yield f"next: segtransfer run {advice.boards[0]} --dry-run"
    yield "Results of your own: add --folder runs/BOARD" + (
        "" if question.synthetic else "; results on synthetic images: add --synthetic"
    )


def _untested(advice: Advice) -> Iterator[str]:
    """What the records say nothing of."""
    texts = {"targets": advice.untested_targets, "sources": advice.untested_sources}
    for what, names in texts.items():
        if names:
            yield f"not tested: {counted(len(names), what[:-1])}: {listed(names, MOST)}"
    wanted = advice.question.subjects
    sizes = sorted({setting.subjects for setting in advice.settings} - {wanted})
    if sizes:
        yield (
            f"not tested: exactly {counted(wanted, 'training subject')} on every target; the "
            f"nearest: {', '.join(map(str, sizes))}"
        )
