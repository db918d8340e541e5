"""What a sequence of trainings keeps and loses: R[i, j], average, backward transfer, forgetting.

R[i, j] is the score on device j after stage i, with T stages and device j learned at stage s(j):

    average             mean over j of R[T, j]
    backward transfer   mean over j of R[T, j] - R[s(j), j]        (Lopez-Paz and Ranzato 2017)
    forgetting          mean over j of max over i < T of R[i, j], less R[T, j]
                                                                     (Chaudhry et al. 2018)

The last two are over the devices learned before the last stage. Where lower scores are better
their signs are turned: positive transfer is always a gain, positive forgetting always a loss.
The maximum is taken of the means over seeds and subjects, and stays with its stage in the
interval: the maximum of noisy scores would find forgetting where there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.statistics.anova import Scores
from benchmark.statistics.bootstrap import Estimate, estimates

Terms = dict[str, Scores]
"""Per device (seeds, subjects): a statistic is the sum of their means."""


@dataclass(frozen=True)
class Trained:
    """One sequence of one source and strategy.

    Attributes:
        stages: Devices learned together, stage by stage.
        seeds: That were run.
        scores: Per scored device (seeds, stages, subjects); cases of a subject are averaged.
        higher_is_better: Direction of the metric.
    """

    stages: tuple[tuple[str, ...], ...]
    seeds: tuple[int, ...]
    scores: Mapping[str, Scores]
    higher_is_better: bool = True

    @property
    def matrix(self) -> Scores:
        """R (stages, devices), means over seeds and subjects."""
        return np.stack([one.mean(axis=(0, 2)) for one in self.scores.values()], axis=1)

    @property
    def earlier(self) -> dict[str, int]:
        """The devices learned before the last stage, and the place of the stage they were in."""
        places = enumerate(self.stages[:-1])
        return {device: place for place, stage in places for device in stage}

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1."""
        return 1 if self.higher_is_better else -1


def average(trained: Trained) -> Terms:
    """Mean over all scored devices after the last stage, in the unit of the metric."""
    return {device: s[:, -1] / len(trained.scores) for device, s in trained.scores.items()}


def backward_transfer(trained: Trained) -> Terms:
    """What later stages add to what was learned before; no terms with one stage."""
    weight = trained.sign / max(1, len(trained.earlier))
    return {
        device: (trained.scores[device][:, -1] - trained.scores[device][:, place]) * weight
        for device, place in trained.earlier.items()
    }


def forgetting(trained: Trained) -> Terms:
    """What was known best at some earlier stage and is lost; no terms with one stage."""
    weight, terms = trained.sign / max(1, len(trained.earlier)), Terms()
    for device in trained.earlier:
        scores = trained.scores[device]
        best = int((trained.sign * scores[:, :-1].mean(axis=(0, 2))).argmax())
        terms[device] = (scores[:, best] - scores[:, -1]) * weight
    return terms


def each_alone(runs: Sequence[Trained]) -> Terms:
    """Mean over devices of the score of a network that was trained on that device alone.

    Args:
        runs: Of one source and strategy, with the same seeds; those of one stage with one device
            count.

    Returns:
        No terms unless every scored device was trained on alone.
    """
    alone = {run.stages[0][0]: run for run in runs if [len(s) for s in run.stages] == [1]}
    devices = list(runs[0].scores) if runs else []
    if any(device not in alone for device in devices):
        return {}
    return {device: alone[device].scores[device][:, -1] / len(devices) for device in devices}


def joint(runs: Sequence[Trained]) -> Terms:
    """The average of the run that learned all devices together; no terms where there is none."""
    for run in runs:
        if len(run.stages) == 1 and len(run.stages[0]) > 1 and {*run.stages[0]} == {*run.scores}:
            return average(run)
    return {}


def difference(first: Terms, second: Terms) -> Terms:
    """A statistic less another one of the same devices, seeds and subjects, paired."""
    return {device: first[device] - second[device] for device in first} if second else {}


def estimate(terms: Terms, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Estimate | None:
    """A statistic with its 95 % interval over subjects (of each device apart) and seeds.

    The subjects of all devices are put in one row, each as far from the mean of its seed as makes
    the variance of the row's mean the sum of the devices' own. Devices are taken to have scanned
    different subjects.

    Args:
        terms: Of the statistic.
        bounds: Its smallest and largest possible value.

    Returns:
        None without terms; no interval where a device has one subject.
    """
    if not terms:
        return None
    total = np.sum([term.mean(axis=1) for term in terms.values()], axis=0)[:, None]
    count = sum(term.shape[1] for term in terms.values())
    if any(term.shape[1] < 2 for term in terms.values()):
        return Estimate(float(total.mean()), None, None, "nothing (one subject)")
    row = []
    for term in terms.values():
        own = term.shape[1]
        widened = np.sqrt(count * (count - 1) / (own * (own - 1)))
        row.append(total + (term - term.mean(axis=1, keepdims=True)) * widened)
    return estimates(np.concatenate(row, axis=1)[None], bounds=bounds)[0]
