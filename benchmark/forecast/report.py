"""Forecasts and their validation as text."""

from collections.abc import Iterator

from benchmark.forecast.forecasts import TITLES, TargetForecast, ranks
from benchmark.forecast.scores import SCORES
from benchmark.forecast.trivial import TRIVIAL
from benchmark.forecast.validate import OverallValidation, Validation
from benchmark.statistics.agreement import OverTargets
from benchmark.views.text import (
    MISSING,
    TextTable,
    counted,
    format_interval,
    markdown_table,
)

NO_MEASUREMENT = (
    "(1): the best forecast by that score. A forecast is no measurement; how well each score "
    "ordered measured gains: segtransfer forecast --validate"
)


def forecast_table(forecast: TargetForecast) -> TextTable:
    """The forecasts of one target, each with its rank in brackets; best by LogME first."""
    places = {name: ranks({own.source: own.values[name] for own in forecast.sources})
              for name in SCORES}  # fmt: skip
    last = len(forecast.sources) + 1
    rows = []
    for own in sorted(forecast.sources, key=lambda own: places["logme"].get(own.source, last)):
        values = [MISSING if (value := own.values[name]) is None
                  else f"{value:.3f} ({places[name][own.source]})" for name in SCORES]  # fmt: skip
        rows.append([own.source, *values, f"{own.seconds:.1f}"])
    synthetic = ", SYNTHETIC" if forecast.synthetic else ""
    title = (
        f"{forecast.target}{synthetic}: {counted(forecast.cases, 'training case')}, "
        f"{counted(forecast.pixels, 'pixel')}"
    )
    columns = ["source", *(score.title for score in SCORES.values()), "seconds"]
    return TextTable(title, columns, rows)


def validation_lines(validation: Validation) -> Iterator[str]:
    """Both tables in Markdown, and which score is better than the best trivial forecast."""
    columns = ["forecast", "mean tau [95 %]", "difference from the best trivial forecast [95 %]"]
    yield from markdown_table(
        columns, [_overall_row(name, own) for name, own in validation.overall.items()]
    )
    yield ""
    yield _conclusion(validation)
    yield ""
    columns = ["target", "training subjects", "sources", "separated pairs", *TITLES.values()]
    rows = []
    for one in validation.settings:
        setting, pairs = one.measured.setting, one.agreements["logme"].pairs
        size = str(setting.train_subjects or "all")
        taus = [format_interval(own.tau, own.low, own.high, "+.2f")
                for own in one.agreements.values()]  # fmt: skip
        rows.append([setting.target, size, str(len(one.measured.sources)),
                     f"{pairs} of {one.possible}", *taus])  # fmt: skip
    yield from markdown_table(columns, rows)


def _overall_row(name: str, own: OverallValidation) -> list[str]:
    trivial = " (trivial)" if name in TRIVIAL else ""
    against = MISSING if own.against_trivial is None else _mean(own.against_trivial)
    return [TITLES[name] + trivial, _mean(own.tau), against]


def _mean(own: OverTargets) -> str:
    return format_interval(own.mean, own.low, own.high, "+.2f")


def _conclusion(validation: Validation) -> str:
    if not validation.overall:
        return "No difference between two measured gains excludes 0: there is nothing to order."
    differences = {name: own.against_trivial for name, own in validation.overall.items()
                   if name in SCORES and own.against_trivial}  # fmt: skip
    better = [TITLES[name] for name, own in differences.items() if (own.low or 0) > 0]
    targets = next(iter(validation.overall.values())).tau.targets
    best = TITLES[validation.best_trivial]
    if better:
        return f"Better than {best}, the best trivial forecast: {', '.join(better)}."
    few = "; fewer than 6 targets give no 95 % interval" if targets < 6 else ""
    return (
        f"No score is shown to be better than {best}, the best trivial forecast "
        f"({counted(targets, 'target')}{few})."
    )
