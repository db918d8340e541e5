"""Divergence: a training whose loss or weights are not finite is stopped, not scored."""

import math
from collections import deque
from collections.abc import Iterable

import torch

from benchmark.errors import Diverged


class FiniteLoss:
    """Stops one training at the first step whose loss is not finite.

    On a GPU a loss is read while the next step is computed: to read it at once would wait for the
    device. The step that is named is the one whose loss was not finite.
    """

    def __init__(self, learning_rate: float) -> None:
        """No step yet; the learning rate is named where the training diverges."""
        self.learning_rate = learning_rate
        self._unread: deque[tuple[int, torch.Tensor]] = deque()
        self._step = 0

    def check(self, step: int, loss: torch.Tensor) -> None:
        """Add the loss of a step, counted from 1.

        Raises:
            Diverged: This loss is not finite, or on a GPU the one before it.
        """
        self._step = step
        self._unread.append((step, loss.detach()))
        if len(self._unread) > loss.is_cuda:
            self._read()

    def finish(self, weights: Iterable[torch.Tensor]) -> None:
        """Check what was not read yet, and the weights after the last step.

        Raises:
            Diverged: A loss or a weight is not finite.
        """
        while self._unread:
            self._read()
        if not all(bool(weight.isfinite().all()) for weight in weights):
            raise Diverged("weights that are not finite", self._step, self.learning_rate)

    def _read(self) -> None:
        step, tensor = self._unread.popleft()
        if not math.isfinite(loss := float(tensor)):
            raise Diverged(f"a loss of {loss}", step, self.learning_rate)
