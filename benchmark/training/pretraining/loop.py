"""In-suite pretraining: a network learns a source task, in steps that can be taken up again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.cards.task import Pretraining
from benchmark.data.preprocessing import IGNORE
from benchmark.files import replacing
from benchmark.training.augmentation import batch_rows
from benchmark.training.pretraining.objectives import Objective, Samples
from benchmark.training.schedule import is_evaluation, make_optimizer

ORDER, CHANGES, EVALUATION = 2, 3, 4
FOREGROUND_SHARE = 1 / 3


@dataclass(frozen=True)
class Pretrained:
    """How pretraining went: (step, mean loss since the last evaluation, validation score).

    The first point is the untrained network, at step 0 and with a loss of 0; `chance` is what
    an answer that looks at no image scores on the same validation slices.
    """

    curve: tuple[tuple[int, float, float], ...]
    chance: float


def pretrain(
    objective: Objective,
    train: Samples,
    val: Samples,
    recipe: Pretraining,
    checkpoint: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pretrained:
    """Train on the source task for the recipe's steps; the last weights stay in the objective.

    Random numbers of a step depend on the recipe's seed and the step alone, and everything else
    is in the checkpoint (written at each evaluation), so that a pretraining which was stopped
    and taken up again ends with the same weights on a CPU as one that was not.
    """
    optimizer, schedule = make_optimizer(
        objective.parameters(), "adamw", recipe.learning_rate, 0.01, "cosine", recipe.steps, 0.05
    )
    foreground = ((train.masks > 0) & (train.masks != IGNORE)).flatten(1).any(1).cpu().numpy()
    batches = batch_rows(
        np.arange(len(train.images)),
        foreground,
        batch_size=recipe.batch_size,
        foreground_share=FOREGROUND_SHARE if recipe.objective == "segmentation" else 0.0,
        rng=np.random.default_rng([recipe.seed, ORDER]),
    )
    chance = _evaluate(objective, val, recipe.seed, chance=True)
    first = 0
    losses = torch.zeros((), dtype=torch.float64, device=train.images.device)  # read seldom
    curve = [(0, 0.0, _evaluate(objective, val, recipe.seed))]
    state: dict[str, Any] = {"objective": objective, "optimizer": optimizer, "schedule": schedule}
    if checkpoint and checkpoint.is_file():
        first, curve = _resume(checkpoint, state)
    for step in range(1, recipe.steps + 1):
        rows = torch.from_numpy(next(batches)).to(train.images.device)
        if step <= first:
            continue
        objective.train()
        rng = np.random.default_rng([recipe.seed, CHANGES, step])
        loss = objective.loss(train.take(rows), rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses += loss.detach()
        if is_evaluation(step, recipe.steps, recipe.evaluations):
            since = step - curve[-1][0]
            score = _evaluate(objective, val, recipe.seed)
            curve.append((step, round(float(losses) / since, 6), score))
            losses.zero_()
            if checkpoint:
                _save(checkpoint, step, curve, state)
        progress(step, recipe.steps)
    return Pretrained(tuple(curve), chance)


@torch.inference_mode()
def _evaluate(objective: Objective, val: Samples, seed: int, *, chance: bool = False) -> float:
    objective.eval()
    measure = objective.chance if chance else objective.score
    return round(measure(val, np.random.default_rng([seed, EVALUATION])), 6)


def _save(
    path: Path, step: int, curve: list[tuple[int, float, float]], state: dict[str, Any]
) -> None:
    parts = {name: item.state_dict() for name, item in state.items()}
    saved = {"step": step, "curve": curve, "torch": torch.get_rng_state(), **parts}
    with replacing(path) as temporary:
        torch.save(saved, temporary)


def _resume(path: Path, state: dict[str, Any]) -> tuple[int, list[tuple[int, float, float]]]:
    saved = torch.load(path, map_location="cpu", weights_only=True)
    for name, item in state.items():
        item.load_state_dict(saved[name])
    torch.set_rng_state(saved["torch"])
    return saved["step"], saved["curve"]
