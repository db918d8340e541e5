"""In-suite pretraining: a network learns a source task; a stopped training can be resumed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmark.cards.pretraining import Pretraining
from benchmark.files import read_checked, write_checked
from benchmark.training.batches import batch_rows, has_foreground
from benchmark.training.divergence import FiniteLoss
from benchmark.training.pretraining.objectives import LabelledSlices, Objective
from benchmark.training.schedule import is_evaluation, make_optimizer

ORDER, TRAINING, EVALUATION = 2, 3, 4  # streams of random numbers of one seed
FOREGROUND_SHARE = 1 / 3


@dataclass(frozen=True)
class Pretrained:
    """How pretraining went: (step, mean loss since the last evaluation, validation score).

    The first point is the untrained network, at step 0 and with a loss of 0; `chance` is the
    validation score of the best answer that does not depend on the image.
    """

    curve: tuple[tuple[int, float, float], ...]
    chance: float


def pretrain(
    objective: Objective,
    train: LabelledSlices,
    val: LabelledSlices,
    recipe: Pretraining,
    checkpoint: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pretrained:
    """Train on the source task for the recipe's steps; the last weights stay in the objective.

    Random numbers depend only on the recipe's seed and the step, all other state is in the
    checkpoint of the last evaluation: on a CPU a resumed pretraining ends with the same weights.

    Raises:
        Diverged: A loss or a weight is not finite.
    """
    optimizer, schedule = make_optimizer(
        objective.parameters(), "adamw", recipe.learning_rate, 0.01, "cosine", recipe.steps, 0.05
    )
    batches = _batches(train, recipe)
    chance = _evaluate(objective, val, recipe.seed, chance=True)
    first, finite = 0, FiniteLoss(recipe.learning_rate)
    # summed on the device: reading it at every step would wait for a GPU
    losses = torch.zeros((), dtype=torch.float64, device=train.images.device)
    curve = [(0, 0.0, _evaluate(objective, val, recipe.seed))]
    state: dict[str, Any] = {"objective": objective, "optimizer": optimizer, "schedule": schedule}
    if checkpoint and (resumed := _resume(checkpoint, state)):
        first, curve = resumed
    for step in range(1, recipe.steps + 1):
        rows = torch.from_numpy(next(batches)).to(train.images.device)
        if step <= first:
            continue
        objective.train()
        rng = np.random.default_rng([recipe.seed, TRAINING, step])
        loss = objective.loss(train.take(rows), rng)
        finite.check(step, loss)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses += loss.detach()
        if is_evaluation(step, recipe.steps, recipe.evaluations):
            finite.finish(objective.parameters())
            loss_mean = float(losses) / (step - curve[-1][0])
            curve.append((step, round(loss_mean, 6), _evaluate(objective, val, recipe.seed)))
            losses.zero_()
            if checkpoint:
                _save(checkpoint, step, curve, state)
        progress(step, recipe.steps)
    return Pretrained(tuple(curve), chance)


def _batches(train: LabelledSlices, recipe: Pretraining) -> Iterator[npt.NDArray[np.int64]]:
    """Rows of endless batches, in an order of the recipe's seed."""
    return batch_rows(
        has_foreground(train.masks),
        batch_size=recipe.batch_size,
        foreground_share=FOREGROUND_SHARE if recipe.objective == "segmentation" else 0.0,
        rng=np.random.default_rng([recipe.seed, ORDER]),
    )


@torch.inference_mode()
def _evaluate(
    objective: Objective, val: LabelledSlices, seed: int, *, chance: bool = False
) -> float:
    objective.eval()
    measure = objective.chance if chance else objective.score
    return round(measure(val, np.random.default_rng([seed, EVALUATION])), 6)


def _save(
    path: Path, step: int, curve: list[tuple[int, float, float]], state: dict[str, Any]
) -> None:
    parts = {name: item.state_dict() for name, item in state.items()}
    saved = {"step": step, "curve": curve, "torch": torch.get_rng_state(), **parts}
    content = BytesIO()
    torch.save(saved, content)
    write_checked(path, content.getvalue())


def _resume(path: Path, state: dict[str, Any]) -> tuple[int, list[tuple[int, float, float]]] | None:
    """Step and curve of a checkpoint, whose state is taken over; None without a whole one."""
    if (content := read_checked(path)) is None:
        return None
    saved = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    for name, item in state.items():
        item.load_state_dict(saved[name])
    torch.set_rng_state(saved["torch"])
    return saved["step"], saved["curve"]
