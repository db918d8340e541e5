"""Protocols: what is held fixed while a network learns."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Model

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Augmentation(Model):
    """Ranges of the random changes made to training images, on the device, batch-wise.

    Flips are probabilities, and only what the target permits is flipped.
    """

    rotation_degrees: float
    scale: float
    shift: float
    shear: float = 0.0
    gamma: float
    noise: float
    horizontal_flip: Share
    vertical_flip: Share


class FineTuningProtocol(Model):
    """Everything held fixed. Its fingerprint is stored in every record of the board.

    Either `steps` or `epochs` is given; an epoch is as many steps as all training slices fill
    batches, so that it grows with their number. `evaluations` is the number of equally spaced
    validations; with `checkpoint` `last` the final weights are scored and no validation subset is
    needed. `outputs` `sigmoid` is a head of one channel, for targets of one label. `fit`
    `letterbox` keeps the aspect of an image, `squash` does not. `normalisation` `none` feeds images
    in [0, 1] whatever the source was trained on. `encoder_depth` and `decoder_channels` are of the
    U-Net over an encoder; complete networks have their own.
    """

    encoder: str
    encoder_depth: Annotated[int, Field(ge=3, le=5)]
    decoder_channels: tuple[Positive, ...]
    outputs: Literal["softmax", "sigmoid"] = "softmax"
    input_size: Annotated[int, Field(ge=32, multiple_of=32)]
    fit: Literal["letterbox", "squash"] = "letterbox"
    normalisation: Literal["source", "none"] = "source"
    optimizer: Literal["adamw", "adam"]
    learning_rates: Annotated[tuple[float, ...], Field(min_length=1)]
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float
    warmup_share: Annotated[float, Field(ge=0, lt=1)]
    steps: Positive | None = None
    epochs: Positive | None = None
    batch_size: Annotated[int, Field(ge=2)]
    loss: Literal["dice_cross_entropy", "cross_entropy", "dice"]
    foreground_share: Share
    augmentation: Augmentation
    checkpoint: Literal["best_validation_dice", "last"]
    evaluations: Positive
    precision: Literal["float32", "bfloat16_on_cuda"]

    @model_validator(mode="after")
    def _consistent(self) -> "FineTuningProtocol":
        if len(self.decoder_channels) != self.encoder_depth:
            raise ValueError(f"decoder_channels needs {self.encoder_depth} entries (encoder_depth)")
        if len(self.learning_rates) > 1 and self.checkpoint == "last":
            raise ValueError("choosing a learning rate needs checkpoint best_validation_dice")
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either steps or epochs")
        return self

    def steps_for(self, slices: int) -> int:
        """Optimiser steps with so many training slices."""
        return self.steps or (self.epochs or 0) * -(-slices // self.batch_size)


class Stage(Model):
    """What is trained before the strategy's own parts are, at a learning rate of its own."""

    train: Annotated[tuple[str, ...], Field(min_length=1)]
    steps: Positive
    learning_rate: float


class Strategy(Model):
    """Which parts train; everything else is frozen, batch-norm statistics included if said."""

    train: Annotated[tuple[str, ...], Field(min_length=1)]
    freeze_norm_stats: bool
    stages: tuple[Stage, ...] = ()
