"""Protocols: what is held fixed while a network learns."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Model

Positive = Annotated[int, Field(ge=1)]


class Augmentation(Model):
    """Ranges of the random changes made to training images, on the device, batch-wise."""

    rotation_degrees: float
    scale: float
    shift: float
    gamma: float
    noise: float
    flips: bool


class FineTuningProtocol(Model):
    """Everything held fixed. Its fingerprint is stored in every record of the board.

    `evaluations` is the number of equally spaced validations; with `checkpoint` `last` the
    final weights are scored and no validation subset is needed.
    """

    encoder: str
    encoder_depth: Annotated[int, Field(ge=3, le=5)]
    decoder_channels: tuple[Positive, ...]
    input_size: Annotated[int, Field(ge=32, multiple_of=32)]
    optimizer: Literal["adamw"]
    learning_rates: Annotated[tuple[float, ...], Field(min_length=1)]
    weight_decay: float
    warmup_share: Annotated[float, Field(ge=0, lt=1)]
    steps: Positive
    batch_size: Annotated[int, Field(ge=2)]
    loss: Literal["dice_cross_entropy"]
    foreground_share: Annotated[float, Field(ge=0, le=1)]
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
        return self


class Strategy(Model):
    """Which parts train; everything else is frozen, batch-norm statistics included if said."""

    train: Annotated[tuple[str, ...], Field(min_length=1)]
    freeze_norm_stats: bool
