"""How well forecasts order the sources of a board, against its measured gains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.cards.lanes import Lane
from benchmark.forecast.forecasts import TITLES, BoardForecasts, TargetForecast
from benchmark.forecast.measured import Against, MeasuredGains, measured_gains
from benchmark.forecast.trivial import TRIVIAL
from benchmark.leaderboard.build import Leaderboard
from benchmark.statistics.agreement import Agreement, OverTargets, kendall, mean_over_targets


@dataclass(frozen=True)
class SettingValidation:
    """All forecasts of one setting against its gains.

    Attributes:
        measured: The gains of the sources that have forecasts.
        agreements: Kendall's tau by the name of the forecast.
    """

    measured: MeasuredGains
    agreements: Mapping[str, Agreement]

    @property
    def possible(self) -> int:
        """Pairs of sources, separated or not."""
        count = len(self.measured.sources)
        return count * (count - 1) // 2


@dataclass(frozen=True)
class OverallValidation:
    """One forecast over all targets.

    Attributes:
        tau: Mean over targets of Kendall's tau.
        against_trivial: Mean difference from the trivial forecast with the largest mean; None for
            that one.
    """

    tau: OverTargets
    against_trivial: OverTargets | None


@dataclass(frozen=True)
class Validation:
    """Forecasts compared with the gains of a board.

    Attributes:
        settings: Those with two or more sources that have a gain and a forecast.
        overall: By the name of the forecast; empty where no pair of gains is separated.
        best_trivial: Name of the trivial forecast with the largest mean tau; "" likewise.
    """

    settings: tuple[SettingValidation, ...]
    overall: Mapping[str, OverallValidation]
    best_trivial: str


def validate(
    forecasts: BoardForecasts,
    leaderboard: Leaderboard,
    lane: Lane | None = None,
    against: Against = "gain",
) -> Validation:
    """Compare forecasts with the gains of a board's records.

    Tau of a target is the mean over its numbers of training subjects.

    Args:
        forecasts: Of its targets.
        leaderboard: Of the board, without contaminated cells.
        lane: Whose gains count; None stands for the board's first.
        against: Whether gains or scores are forecast.
    """
    of_target = {forecast.target: forecast for forecast in forecasts.targets}
    settings = tuple(
        found
        for measured in measured_gains(leaderboard, lane, against)
        if measured.setting.target in of_target
        and (found := _setting(of_target[measured.setting.target], measured)) is not None
    )
    taus = {name: _by_target(settings, name) for name in TITLES}
    if not all(taus.values()):
        return Validation(settings, {}, "")
    best = max(TRIVIAL, key=lambda name: sum(taus[name].values()))
    overall = {
        name: OverallValidation(
            mean_over_targets(list(tau_of.values())),
            None
            if name == best
            else mean_over_targets([tau_of[target] - taus[best][target] for target in tau_of]),
        )
        for name, tau_of in taus.items()
    }
    return Validation(settings, overall, best)


def _setting(forecast: TargetForecast, measured: MeasuredGains) -> SettingValidation | None:
    """None where fewer than two sources have both a gain and a forecast."""
    values = {source.source: source.values for source in forecast.sources}
    kept = [k for k, source in enumerate(measured.sources) if source in values]
    if len(kept) < 2:
        return None
    gains = MeasuredGains(
        measured.setting,
        measured.strategy,
        tuple(measured.sources[k] for k in kept),
        measured.gains[kept],
        measured.better[np.ix_(kept, kept)],
    )
    agreements = {
        name: kendall(
            np.array([values[source].get(name) for source in gains.sources], float), gains.better
        )
        for name in TITLES
    }
    return SettingValidation(gains, agreements)


def _by_target(settings: Iterable[SettingValidation], name: str) -> dict[str, float]:
    """Mean tau of each target over the settings in which it has one."""
    taus: dict[str, list[float]] = {}
    for validated in settings:
        if (tau := validated.agreements[name].tau) is not None:
            taus.setdefault(validated.measured.setting.target, []).append(tau)
    return {target: float(np.mean(values)) for target, values in taus.items()}
