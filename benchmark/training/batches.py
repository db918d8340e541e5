"""Which slices make up each batch: shuffled passes over all slices, and a share with foreground."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmark.data.prepared_arrays import PreparedDataset
from benchmark.data.preprocessing import IGNORE


@dataclass(frozen=True)
class TrainingSet:
    """Prepared arrays, and the names of the cases in them to train on and to validate on."""

    prepared: PreparedDataset
    train: Sequence[str]
    val: Sequence[str]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Subjects of the training cases, sorted."""
        names = set(self.train)
        return tuple(sorted({c.subject for c in self.prepared.cases if c.case in names}))


def to_device(array: npt.NDArray[Any], device: torch.device, *, wait: bool = True) -> torch.Tensor:
    """A copy of a memory-mapped array on the device; with `wait` off a GPU is not waited for.

    What is copied without waiting goes through pinned memory, so it should be small.
    """
    copied = torch.from_numpy(np.array(array))
    if wait or device.type != "cuda":
        return copied.to(device)
    return copied.pin_memory().to(device, non_blocking=True)


def has_foreground(masks: torch.Tensor) -> npt.NDArray[np.bool_]:
    """For each mask of (N, S, S) whether it holds any label; ignored pixels are not a label."""
    labelled: npt.NDArray[np.bool_] = (
        ((masks > 0) & (masks != IGNORE)).flatten(1).any(1).cpu().numpy()
    )
    return labelled


def batch_rows(
    foreground: npt.NDArray[np.bool_],
    *,
    batch_size: int,
    foreground_share: float,
    rng: np.random.Generator,
) -> Iterator[npt.NDArray[np.int64]]:
    """Endless batches of row numbers; each holds a share of slices with foreground.

    Args:
        foreground: For each slice whether it holds any label.
        batch_size: Slices per batch.
        foreground_share: Share of the batch drawn from slices with foreground, rounded up; 0
            where no slice has foreground.
        rng: Source of the order.
    """
    forced = math.ceil(batch_size * foreground_share) if foreground.any() else 0
    all_rows = _shuffled(np.arange(len(foreground)), rng)
    foreground_rows = _shuffled(np.flatnonzero(foreground), rng)
    while True:
        rows = [next(foreground_rows) for _ in range(forced)]
        yield np.array(rows + [next(all_rows) for _ in range(batch_size - forced)])


def _shuffled(rows: npt.NDArray[np.int64], rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(rows).tolist()
