"""Does a forecast order things as the measurement does? Kendall's tau, exact for few things.

Only *separated* pairs count: those whose measured difference has an interval that excludes 0. Over
them tau is (agreements - disagreements) / pairs; a pair that the forecast ties counts as neither,
so a constant forecast has tau 0.

The interval of one tau is over the order that the forecast gives. Orders are taken to have
probabilities proportional to exp(-theta * disagreements), the ranking model of Mallows (Biometrika
44, 1957) restricted to separated pairs; theta = 0 is a random order. The number of orders with each
number of disagreements is counted exactly, theta is bounded as Clopper and Pearson bound a share
(Biometrika 26, 1934), and each bound is given as the tau that is expected under it. So the interval
excludes 0 exactly where a one-sided permutation test with level 0.025 rejects chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import logsumexp

from benchmark.statistics.anova import Scores
from benchmark.statistics.intervals import CONFIDENCE

TAIL = (1 - CONFIDENCE) / 2
STEEPEST = 60.0  # theta; beyond, all orders but the most likely ones have no weight
MOST_ITEMS = 16  # sources or targets; what is counted takes 2 ** items steps
Separated = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau over separated pairs with its 95 % interval; None where there is none."""

    tau: float | None
    low: float | None
    high: float | None
    pairs: int


def kendall(forecast: Scores, better: Separated) -> Agreement:
    """Agreement of a forecast with what was measured.

    Args:
        forecast: Of each thing (items,); higher is better. NaN is a missing forecast: all its
            pairs count as ties.
        better: (items, items); whether the row was measured to be better than the column by more
            than its interval. Pairs that are separated in neither direction are left out.

    Returns:
        Without bounds for more than MOST_ITEMS items.
    """
    pairs = int(better.sum())
    if not pairs:
        return Agreement(None, None, None, 0)
    with np.errstate(invalid="ignore"):
        signs = np.sign(forecast[:, None] - forecast[None, :])
    balance = float(np.nan_to_num(signs)[better].sum())
    if len(better) > MOST_ITEMS:
        return Agreement(balance / pairs, None, None, pairs)
    counts = _counts(better.tobytes(), len(better))
    most = (pairs - balance) / 2  # disagreements, with half of the ties
    low = _expected_tau(counts, _theta(counts, int(np.ceil(most)), above=False))
    high = _expected_tau(counts, _theta(counts, int(np.floor(most)), above=True))
    return Agreement(balance / pairs, low, high, pairs)


def disagreement_counts(better: Separated) -> Scores:
    """Number of the orders of all items with 0, 1, ... disagreements (pairs + 1,).

    An order is built from its best item on. An item costs one disagreement for each item that is
    still to come but is better.

    Args:
        better: As for `kendall`.

    Raises:
        ValueError: More than MOST_ITEMS items.
    """
    items, pairs = len(better), int(better.sum())
    if items > MOST_ITEMS:
        raise ValueError(f"{items} items; orders of at most {MOST_ITEMS} are counted")
    masks = [sum(1 << int(k) for k in np.flatnonzero(better[:, item])) for item in range(items)]
    counts = np.zeros((1 << items, pairs + 1))
    counts[0, 0] = 1
    for placed in range(1 << items):
        placed_counts = counts[placed]
        for item in range(items):
            if not placed >> item & 1:
                cost = (masks[item] & ~placed).bit_count()
                counts[placed | 1 << item, cost:] += placed_counts[: pairs + 1 - cost]
    return np.asarray(counts[-1], dtype=np.float64)


@lru_cache(maxsize=8)
def _counts(better: bytes, items: int) -> Scores:
    """As `disagreement_counts`, for the many forecasts of one setting."""
    return disagreement_counts(np.frombuffer(better, np.bool_).reshape(items, items))


def _theta(counts: Scores, most: int, *, above: bool) -> float:
    """Under which theta at most (`above`: at least) so many disagreements have probability TAIL.

    STEEPEST in the direction in which there is none.
    """
    part = slice(most, None) if above else slice(None, most + 1)

    def excess(theta: float) -> float:
        """Probability of so many disagreements under theta, less TAIL."""
        return float(np.exp(_logs(counts, theta)[part]).sum()) - TAIL

    if excess(-STEEPEST) * excess(STEEPEST) > 0:
        return STEEPEST if above else -STEEPEST
    return float(brentq(excess, -STEEPEST, STEEPEST))


def _logs(counts: Scores, theta: float) -> Scores:
    """Logarithms of the probabilities of 0, 1, ... disagreements."""
    with np.errstate(divide="ignore"):
        logs = np.log(counts) - theta * np.arange(len(counts))
    return np.asarray(logs - logsumexp(logs), dtype=np.float64)


def _expected_tau(counts: Scores, theta: float) -> float:
    expected = float(np.exp(_logs(counts, theta)) @ np.arange(len(counts)))
    return 1 - 2 * expected / (len(counts) - 1)


@dataclass(frozen=True)
class OverTargets:
    """A mean over targets with its exact 95 % interval; the bounds are None where none is finite.

    Attributes:
        mean: Of the values.
        low: Lower bound.
        high: Upper bound.
        targets: Number of values.
    """

    mean: float
    low: float | None
    high: float | None
    targets: int


def mean_over_targets(values: Sequence[float]) -> OverTargets:
    """Mean of one value per target, with an interval for further targets of the kind.

    The means of all non-empty subsets of the values divide the line into 2 ** targets intervals,
    each of which holds the centre of a symmetric distribution with equal probability (Hartigan,
    JASA 64, 1969). With fewer than 6 targets no bound has 97.5 % confidence, and there is none.

    Args:
        values: Of one or more targets, at most MOST_ITEMS.

    Raises:
        ValueError: No value, or too many.
    """
    if not 1 <= len(values) <= MOST_ITEMS:
        raise ValueError(f"{len(values)} targets; expected 1 to {MOST_ITEMS}")
    chosen = np.arange(1, 1 << len(values))[:, None] >> np.arange(len(values)) & 1
    means = np.sort(chosen @ np.array(values) / chosen.sum(axis=1))
    outside = int(TAIL * 2 ** len(values))
    low, high = (float(means[outside - 1]), float(means[-outside])) if outside else (None, None)
    return OverTargets(float(np.mean(values)), low, high, len(values))
