"""Metrics of sequential fine-tuning: average score, backward transfer, forgetting.

R[i, j] is the score on device j after stage i, with T stages and device j learned at stage s(j):

    average             mean over j of R[T, j]
    backward transfer   mean over j of R[T, j] - R[s(j), j]        (Lopez-Paz and Ranzato 2017)
    forgetting          mean over j of max over i < T of R[i, j], less R[T, j]
                                                                     (Chaudhry et al. 2018)

The last two are over the devices learned before the last stage. Where lower scores are better
their signs are reversed: positive transfer is always a gain, positive forgetting always a loss.
The maximum is taken of the means over seeds and subjects, and its stage stays fixed in the
interval: the maximum of noisy scores would find forgetting where there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.statistics.anova import Scores
from benchmark.statistics.intervals import Estimate, estimates

Terms = dict[str, Scores]
"""Per device (seeds, subjects): a statistic is the sum of their means."""


@dataclass(frozen=True)
class SequenceScores:
    """Scores of one sequence of one source and strategy.

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
        return np.stack([scores.mean(axis=(0, 2)) for scores in self.scores.values()], axis=1)

    @property
    def learned_before(self) -> dict[str, int]:
        """The devices learned before the last stage, each with the index of its stage."""
        earlier = enumerate(self.stages[:-1])
        return {device: index for index, stage in earlier for device in stage}

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1."""
        return 1 if self.higher_is_better else -1


def average(sequence: SequenceScores) -> Terms:
    """Mean over all scored devices after the last stage, in the unit of the metric."""
    return {device: s[:, -1] / len(sequence.scores) for device, s in sequence.scores.items()}


def backward_transfer(sequence: SequenceScores) -> Terms:
    """Change of each device from the stage that learned it to the last; no terms with one stage."""
    weight = sequence.sign / max(1, len(sequence.learned_before))
    return {
        device: (sequence.scores[device][:, -1] - sequence.scores[device][:, stage]) * weight
        for device, stage in sequence.learned_before.items()
    }


def forgetting(sequence: SequenceScores) -> Terms:
    """Loss of each device from its best earlier stage to the last; no terms with one stage."""
    weight, terms = sequence.sign / max(1, len(sequence.learned_before)), Terms()
    for device in sequence.learned_before:
        scores = sequence.scores[device]
        best = int((sequence.sign * scores[:, :-1].mean(axis=(0, 2))).argmax())
        terms[device] = (scores[:, best] - scores[:, -1]) * weight
    return terms


def single_device_average(runs: Sequence[SequenceScores]) -> Terms:
    """Mean over devices of the score of the network trained on that device alone.

    Args:
        runs: Of one source and strategy, with the same seeds; only those of one
            stage with one device are used.

    Returns:
        No terms unless there is such a network for every scored device.
    """
    alone = {run.stages[0][0]: run for run in runs if [len(s) for s in run.stages] == [1]}
    devices = list(runs[0].scores) if runs else []
    if any(device not in alone for device in devices):
        return {}
    return {device: alone[device].scores[device][:, -1] / len(devices) for device in devices}


def joint_average(runs: Sequence[SequenceScores]) -> Terms:
    """The average of the run that learned all devices together; no terms without such a run."""
    for run in runs:
        if len(run.stages) == 1 and len(run.stages[0]) > 1 and {*run.stages[0]} == {*run.scores}:
            return average(run)
    return {}


def difference(first: Terms, second: Terms) -> Terms:
    """A statistic less another one of the same devices, seeds and subjects, paired."""
    return {device: first[device] - second[device] for device in first} if second else {}


def estimate(terms: Terms, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Estimate | None:
    """A statistic with its 95 % interval over subjects (of each device apart) and seeds.

    The subjects of all devices are put in one row. Their distances from the mean of their seed are
    scaled so that the variance of the row's mean is the sum of the devices' variances. Devices are
    assumed to have scanned different subjects.

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
        subjects = term.shape[1]
        scale = np.sqrt(count * (count - 1) / (subjects * (subjects - 1)))
        row.append(total + (term - term.mean(axis=1, keepdims=True)) * scale)
    return estimates(np.concatenate(row, axis=1)[None], bounds=bounds)[0]
