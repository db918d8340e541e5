"""Objectives of pretraining: loss, validation score and chance level of each.

An objective is a module with the network and any further layer that trains with it (a classifier,
a projection), so that a checkpoint needs only its state dictionary.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmark.cards.pretraining import PretrainingObjective
from benchmark.cards.protocol import Augmentation
from benchmark.data.preprocessing import IGNORE
from benchmark.models.networks import SegmentationNetwork
from benchmark.training.augmentation import augment
from benchmark.training.losses import dice_cross_entropy
from benchmark.training.pretraining.corruption import contrastive_loss, corrupt, two_views
from benchmark.training.selection import pooled_dice

EVALUATION_BATCH = 32


class LabelledSlices(NamedTuple):
    """Slices on the device with masks and classes; class -1 stands for no class."""

    images: torch.Tensor  # (N, C, S, S) float16 in [0, 1]
    masks: torch.Tensor  # (N, S, S) uint8, 0 ... L, 255 ignored
    classes: torch.Tensor  # (N,) int64

    def take(self, rows: torch.Tensor | slice) -> "LabelledSlices":
        """Some of the slices."""
        return LabelledSlices(self.images[rows], self.masks[rows], self.classes[rows])

    def split(self, size: int) -> Iterator["LabelledSlices"]:
        """All slices in order, in parts of `size`."""
        for first in range(0, len(self.images), size):
            yield self.take(slice(first, first + size))


class Objective(nn.Module, ABC):
    """A source task. Scores are at most 1; higher is better."""

    def __init__(
        self,
        network: SegmentationNetwork,
        classes: int = 0,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Hold the network that learns.

        Args:
            network: Trained with the objective.
            classes: Of images; for classification only.
            augmentation: For segmentation and classification; the others draw views of their own.
        """
        super().__init__()
        self.network = network
        self.augmentation = augmentation

    @abstractmethod
    def loss(self, batch: LabelledSlices, rng: np.random.Generator) -> torch.Tensor:
        """Training loss of a batch; random numbers come from `rng` only."""

    @abstractmethod
    def score(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """Validation score of the network as it is."""

    @abstractmethod
    def chance(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """Score of the best answer that does not depend on the image."""


class Segmentation(Objective):
    """Labels of the data set, one output each and one for the background; pooled mean Dice."""

    def loss(self, batch: LabelledSlices, rng: np.random.Generator) -> torch.Tensor:
        """Dice and cross-entropy, as in fine-tuning."""
        images, masks = augmented(batch, self.augmentation, rng)
        return dice_cross_entropy(self.network(images), masks)

    def score(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """Mean Dice over the labels; a label in neither reference nor prediction counts 1."""
        return pooled_dice(self.network, samples.images, samples.masks, EVALUATION_BATCH)

    def chance(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """Mean Dice of calling every pixel that label: 2 p / (p + 1) for a share p."""
        valid = samples.masks != IGNORE
        labels = int(samples.masks[valid].max()) if valid.any() else 0
        shares = [
            float((samples.masks == label).sum() / valid.sum()) for label in range(1, labels + 1)
        ]
        return float(np.mean([2 * share / (share + 1) for share in shares])) if shares else 0.0


class Classification(Objective):
    """The class of an image, from the pooled deepest features; score is balanced accuracy."""

    def __init__(
        self, network: SegmentationNetwork, classes: int, augmentation: Augmentation | None = None
    ) -> None:
        """Add a linear classifier."""
        super().__init__(network, classes, augmentation)
        self.classifier = nn.Linear(network.encoder.out_channels[-1], classes)

    def loss(self, batch: LabelledSlices, rng: np.random.Generator) -> torch.Tensor:
        """Cross-entropy."""
        images, _ = augmented(batch, self.augmentation, rng)
        return F.cross_entropy(self.classifier(pooled(self.network, images)), batch.classes)

    def score(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """Mean recall of the classes present."""
        parts = samples.split(EVALUATION_BATCH)
        logits = [self.classifier(pooled(self.network, part.images.float())) for part in parts]
        correct = (torch.cat(logits).argmax(1) == samples.classes).double()
        recalls = [correct[samples.classes == label].mean() for label in samples.classes.unique()]
        return float(torch.stack(recalls).mean())

    def chance(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """One over the number of classes present."""
        return 1.0 / len(samples.classes.unique())


class Restoration(Objective):
    """The image behind a corrupted one; score is the share of the variance that is explained."""

    def loss(self, batch: LabelledSlices, rng: np.random.Generator) -> torch.Tensor:
        """Mean squared error to the untouched image."""
        images = batch.images.float()
        return F.mse_loss(self.network(corrupt(images, rng)), images)

    def score(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """1 - (squared error) / (squared deviation from the mean grey value)."""
        error, spread = self._errors(samples, rng, answer=self.network)
        return 1 - error / spread

    def chance(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """The mean grey value scores 0; handing the corrupted image back may score more."""
        error, spread = self._errors(samples, rng, answer=nn.Identity())
        return max(0.0, 1 - error / spread)

    @staticmethod
    def _errors(
        samples: LabelledSlices, rng: np.random.Generator, answer: nn.Module
    ) -> tuple[float, float]:
        mean = samples.images.mean(dtype=torch.float64).item()
        error = spread = 0.0
        for part in samples.split(EVALUATION_BATCH):
            images = part.images.float()
            error += float((answer(corrupt(images, rng)) - images).double().square().sum())
            spread += float((images - mean).double().square().sum())
        return error, max(spread, 1e-12)


class Contrastive(Objective):
    """Two views of one image among the views of others; score is top-1 retrieval."""

    CANDIDATES = 256

    def __init__(
        self,
        network: SegmentationNetwork,
        classes: int = 0,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Add the projection of SimCLR: two layers, discarded after pretraining."""
        super().__init__(network)
        channels = network.encoder.out_channels[-1]
        self.projection = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, 128)
        )

    def loss(self, batch: LabelledSlices, rng: np.random.Generator) -> torch.Tensor:
        """NT-Xent of the two views."""
        first, second = two_views(batch.images.float(), rng)
        both = self.projection(pooled(self.network, torch.cat([first, second])))
        return contrastive_loss(*both.chunk(2))

    def score(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """Share of images (at most 256) whose nearest second view is their own."""
        views: list[list[torch.Tensor]] = [[], []]
        for part in samples.take(slice(self.CANDIDATES)).split(EVALUATION_BATCH):
            for batches, view in zip(views, two_views(part.images.float(), rng), strict=True):
                batches.append(F.normalize(self.projection(pooled(self.network, view))))
        first, second = (torch.cat(batches) for batches in views)
        nearest = (first @ second.T).argmax(1)
        return float((nearest == torch.arange(len(first), device=first.device)).double().mean())

    def chance(self, samples: LabelledSlices, rng: np.random.Generator) -> float:
        """One over the number of images to choose from."""
        return 1.0 / min(len(samples.images), self.CANDIDATES)


OBJECTIVES: Mapping[PretrainingObjective, type[Objective]] = {
    "segmentation": Segmentation,
    "classification": Classification,
    "restoration": Restoration,
    "contrastive": Contrastive,
}


def pooled(network: SegmentationNetwork, images: torch.Tensor) -> torch.Tensor:
    """Mean of the deepest feature map, (N, channels)."""
    deepest: torch.Tensor = network.features(images)[-1]
    return deepest.mean((2, 3))


def augmented(
    batch: LabelledSlices, ranges: Augmentation | None, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and masks after the recipe's augmentation, if it has one; flips are horizontal."""
    images, masks = batch.images.float(), batch.masks.long()
    return augment(images, masks, ranges, ("horizontal",), rng) if ranges else (images, masks)
