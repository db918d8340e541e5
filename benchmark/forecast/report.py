"""Forecasts and their validation as text."""

from collections.abc import Iterator

from benchmark.forecast.forecasts import TITLES, TargetForecast, ranks
from benchmark.forecast.scores import SCORES
from benchmark.forecast.trivial import TRIVIAL
from benchmark.forecast.validate import OverallValidation, Validation
from benchmark.statistics.agreement import OverTargets
from benchmark.views.text import MISSING, TextTable, counted, format_interval, markdown_table

NO_MEASUREMENT = (
    "(1): the best forecast by that score. A forecast is no measurement; how well each score "
    "ordered measured gains: segtransfer forecast --validate"
)


def forecast_table(forecast: TargetForecast) -> TextTable:
    """The forecasts of one target, each with its rank in brackets; best by LogME first."""
    places = {name: ranks({made.source: made.values[name] for made in forecast.sources})
              for name in SCORES}  # fmt: skip
    last = len(forecast.sources) + 1
    rows = []
    for made in sorted(forecast.sources, key=lambda made: places["logme"].get(made.source, last)):
        values = [MISSING if (value := made.values[name]) is None
                  else f"{value:.3f} ({places[name][made.source]})" for name in SCORES]  # fmt: skip
        rows.append([made.source, *values, f"{made.seconds:.1f}"])
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
        columns, [_overall_row(name, result) for name, result in validation.overall.items()]
    )
    yield ""
    yield _conclusion(validation)
    yield ""
    columns = ["target", "training subjects", "sources", "separated pairs", *TITLES.values()]
    rows = []
    for validated in validation.settings:
        setting, pairs = validated.measured.setting, validated.agreements["logme"].pairs
        size = str(setting.train_subjects or "all")
        taus = [format_interval(result.tau, result.low, result.high, "+.2f")
                for result in validated.agreements.values()]  # fmt: skip
        rows.append([setting.target, size, str(len(validated.measured.sources)),
                     f"{pairs} of {validated.possible}", *taus])  # fmt: skip
    yield from markdown_table(columns, rows)


def _overall_row(name: str, result: OverallValidation) -> list[str]:
    trivial = " (trivial)" if name in TRIVIAL else ""
    against = MISSING if result.against_trivial is None else _mean(result.against_trivial)
    return [TITLES[name] + trivial, _mean(result.tau), against]


def _mean(estimate: OverTargets) -> str:
    return format_interval(estimate.mean, estimate.low, estimate.high, "+.2f")


def _conclusion(validation: Validation) -> str:
    if not validation.overall:
        return "No difference between two measured gains excludes 0: there is nothing to order."
    differences = {name: result.against_trivial for name, result in validation.overall.items()
                   if name in SCORES and result.against_trivial}  # fmt: skip
    better = [TITLES[name] for name, result in differences.items() if (result.low or 0) > 0]
    targets = next(iter(validation.overall.values())).tau.targets
    best = TITLES[validation.best_trivial]
    if better:
        return f"Better than {best}, the best trivial forecast: {', '.join(better)}."
    few = "; fewer than 6 targets give no 95 % interval" if targets < 6 else ""
    return (
        f"No score is shown to be better than {best}, the best trivial forecast "
        f"({counted(targets, 'target')}{few})."
    )
