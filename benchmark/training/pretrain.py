"""In-suite pretraining: a network learns a source task on a registered data set."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from benchmark.cards.task import Pretraining
from benchmark.data.batches import batch_rows
from benchmark.data.prepare import Prepared
from benchmark.models.networks import SegmentationNetwork
from benchmark.training.finetune import resident
from benchmark.training.losses import dice_cross_entropy
from benchmark.training.optimise import adamw


def pretrain(
    network: SegmentationNetwork,
    data: Prepared,
    recipe: Pretraining,
    device: torch.device,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[float, ...]:
    """Train the whole network on the source task; returns the loss at each step.

    `segmentation` learns the data set's labels. `restoration` (in the manner of Models Genesis,
    Zhou et al. 2021) gets images with painted-over boxes and bent grey values and restores them
    (mean squared error); its network has one output channel.
    """
    rng = np.random.default_rng([recipe.seed, 2])
    images, masks = resident(data.images, device), resident(data.masks, device)
    foreground = (masks > 0).flatten(1).any(1).cpu().numpy()
    batches = batch_rows(
        np.arange(len(images)),
        foreground,
        batch_size=recipe.batch_size,
        foreground_share=1.0,
        rng=rng,
    )
    optimizer, schedule = adamw(
        network.parameters(), recipe.learning_rate, 0.01, recipe.steps, warmup_share=0.05
    )
    losses = []
    network.train()
    for step in range(recipe.steps):
        rows = torch.from_numpy(next(batches)).to(device)
        batch = images[rows].float()
        if recipe.objective == "segmentation":
            loss = dice_cross_entropy(network(batch), masks[rows].long())
        else:
            loss = F.mse_loss(network(spoil(batch, rng)), batch[:, :1])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        progress(step + 1, recipe.steps)
    return tuple(losses)


def spoil(images: torch.Tensor, rng: np.random.Generator, boxes: int = 6) -> torch.Tensor:
    """Bend the grey values and paint boxes over with noise; (N, C, S, S) in [0, 1]."""
    spoiled = images.clone()
    size = images.shape[-1]
    for number in range(len(images)):
        spoiled[number] = spoiled[number].clamp(min=0) ** float(np.exp(rng.uniform(-0.7, 0.7)))
        for _ in range(boxes):
            height, width = rng.integers(size // 8, size // 3, 2)
            top, left = rng.integers(0, size - height), rng.integers(0, size - width)
            spoiled[number, :, top : top + height, left : left + width] = float(rng.random())
    return spoiled
