"""Recipes of pretrainings in the suite."""

from typing import Annotated, Literal

from pydantic import Field

from benchmark.cards.card import Model
from benchmark.cards.problem import Intensity
from benchmark.cards.protocol import Augmentation, Positive, Rate

PretrainingObjective = Literal["classification", "segmentation", "restoration", "contrastive"]


class Pretraining(Model):
    """An in-suite pretraining, run once when it is asked for or a board first needs it.

    It learns from the subjects that the data set reserves for it (subset `pretrain`, a tenth of
    them held out for validation), or else from the train subset, validated on val; test is never
    read.

    Attributes:
        dataset: Id of the data set.
        where: Facts that a case must have (`manufacturer: SIEMENS`).
        objective: What is learned.
        intensity: How grey values become [0, 1].
        slice_axis: Along which volumes are cut; None for pictures.
        input_size: Rows and columns of the network's input, in pixels.
        steps: Optimiser steps.
        batch_size: Slices per step.
        learning_rate: At the beginning.
        seed: Of all random numbers.
        evaluations: Equally spaced validations.
        max_items: Largest number of training images (slices of volumes), so that domains can be
            compared at equal data.
        augmentation: For classification and segmentation.
    """

    dataset: str
    where: dict[str, str] = {}
    objective: PretrainingObjective
    intensity: Intensity
    slice_axis: Literal["sagittal", "coronal", "axial"] | None
    input_size: Annotated[int, Field(ge=32, multiple_of=32)]
    steps: Positive
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Rate
    seed: int
    evaluations: Positive = 4
    max_items: Positive | None = None
    augmentation: Augmentation | None = None
