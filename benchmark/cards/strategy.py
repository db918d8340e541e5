"""Fine-tuning strategies: which parameters train, at which learning rates, and low-rank updates."""

from typing import Annotated

from pydantic import Field, model_validator

from benchmark.cards.card import Model, omitted_default
from benchmark.cards.lanes import Lane
from benchmark.cards.protocol import Positive, Rate

Parts = Annotated[tuple[str, ...], Field(min_length=1)]
FILTERS = ("norm", "bias", "lora")
LOW_RANK = "encoder.lora"


class Stage(Model):
    """What is trained before the strategy's own parts are, at a learning rate of its own."""

    train: Parts
    steps: Positive
    learning_rate: Rate


class LowRankUpdate(Model):
    """LoRA: weights W of the encoder become W + (alpha / rank) B A, where B A has that rank."""

    rank: Positive
    alpha: Positive


class Strategy(Model):
    """Which parameters train; everything else is frozen.

    Attributes:
        train: Parts of the network, each with all of its parameters, or with those of its
            normalisation layers (`encoder.norm`), its biases (`encoder.bias`) or the matrices that
            `lora` inserts (`encoder.lora`).
        freeze_norm_stats: Whether the running statistics of normalisation layers are frozen too,
            except in parts that train with all of their parameters.
        stages: Trained before, each with its own parts, steps and learning rate.
        lanes: In which it is run, by default all but `linear`, where the encoder is frozen.
        layer_decay: Factor of the learning rate from each layer of the encoder to the one before.
        lora: Low-rank updates of the encoder.
        learning_rates: In place of the protocol's, as for a linear head, which needs larger ones;
            none stand for the protocol's.
    """

    train: Parts
    freeze_norm_stats: bool
    stages: tuple[Stage, ...] = ()
    lanes: tuple[Lane, ...] = omitted_default(())
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None = omitted_default()
    lora: LowRankUpdate | None = omitted_default()
    learning_rates: tuple[Rate, ...] = omitted_default(())

    @property
    def trained_parts(self) -> tuple[str, ...]:
        """All that trains at any time, by the names of `train`."""
        return (*self.train, *(part for stage in self.stages for part in stage.train))

    @model_validator(mode="after")
    def _linear_freezes_the_encoder(self) -> "Strategy":
        trained = _of_encoder(self.trained_parts)
        if "linear" in self.lanes and (trained or not self.freeze_norm_stats):
            raise ValueError(
                "lane linear has a frozen encoder: train no part of it, and freeze_norm_stats"
            )
        return self

    @model_validator(mode="after")
    def _no_parameter_is_named_twice(self) -> "Strategy":
        for train in (self.train, *(stage.train for stage in self.stages)):
            for part in train:
                whole, _, word = part.rpartition(".")
                if whole in train and word in FILTERS:
                    raise ValueError(f"train: {part} is a part of {whole}; leave one out")
        return self

    @model_validator(mode="after")
    def _low_rank_updates_are_of_frozen_weights(self) -> "Strategy":
        if (self.lora is not None) != (LOW_RANK in self.trained_parts):
            raise ValueError(f"lora and {LOW_RANK} (in train) need each other; give both or none")
        for part in _of_encoder(self.trained_parts):
            if self.lora and part.rpartition(".")[2] not in FILTERS:
                raise ValueError(f"lora updates frozen weights; leave {part} out of train")
        return self

    @model_validator(mode="after")
    def _layer_decay_is_of_the_encoder(self) -> "Strategy":
        if self.layer_decay and (self.lora or not _of_encoder(self.train)):
            raise ValueError(
                "layer_decay is of the encoder's own parameters; train the encoder, without lora"
            )
        return self


def _of_encoder(parts: tuple[str, ...]) -> list[str]:
    return [part for part in parts if part.partition(".")[0] == "encoder"]
