"""Source tasks: pretrainings, with their weights or their recipe, and what they have seen."""

from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Card, Model
from benchmark.cards.dataset import Domain
from benchmark.cards.problem import Intensity
from benchmark.cards.protocol import Augmentation, Positive

UNKNOWN = "unknown"
SourceObjective = Literal["classification", "segmentation", "self_supervised", "none"]
PretrainingObjective = Literal["classification", "segmentation", "restoration", "contrastive"]


class InputStatistics(Model):
    """What the network was trained on.

    Attributes:
        channels: Of its input.
        mean: Per channel, of inputs in [0, 1].
        std: Standard deviation per channel, of inputs in [0, 1]; above 0.
    """

    channels: Annotated[int, Field(ge=1)]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> "InputStatistics":
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} values each")
        if min(self.std) <= 0:
            raise ValueError("std must be above 0")
        return self


class HubFile(Model):
    """A file of a Hugging Face repository.

    Attributes:
        repo: `owner/name`.
        file: Its path in the repository.
        revision: A commit, so that the file cannot change.
    """

    repo: str
    file: str
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class WeightsFile(Model):
    """A checkpoint: a file that the user has, or one that `segtransfer source get` fetches.

    Attributes:
        file: Its name.
        sha256: SHA-256 in hexadecimal, or the beginning of it where no more is published
            (torchvision puts eight digits into the file name); may be left out for `hub`.
        licence: Of the weights.
        url: Where it is fetched from.
        hub: The repository that it is fetched from.
        key_prefix: Tensors below it are the encoder's.
        rename: [regular expression, replacement], applied in turn to every tensor name first.
    """

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    licence: str
    url: str | None = None
    hub: HubFile | None = None
    key_prefix: str = ""
    rename: tuple[tuple[str, str], ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether the user has to bring the file."""
        return self.url is None and self.hub is None

    @model_validator(mode="after")
    def _is_identified(self) -> "WeightsFile":
        if self.by_hand and len(self.sha256 or "") != 64:
            raise ValueError("a file that the user has is identified by its complete sha256")
        if self.url is not None and self.sha256 is None:
            raise ValueError("a url needs the sha256 of its file, or at least its first 8 digits")
        if PurePath(self.file).name in ("", ".."):
            raise ValueError(f"file {self.file!r} names no file")
        return self


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
    learning_rate: float
    seed: int
    evaluations: Positive = 4
    max_items: Positive | None = None
    augmentation: Augmentation | None = None


class Exposure(Model):
    """A data set that a pretraining has seen, and which of its subjects.

    Attributes:
        dataset: Its id in the registry if it has one; any other name is compared as text.
            `unknown` stands for data that nobody can name any more: such a source is clean on no
            target.
        subjects: All, those of a subset, a list of names, or `unknown`.
    """

    dataset: str
    subjects: Literal["all", "train", "pretrain", "unknown"] | tuple[str, ...]


class SourceCard(Card):
    """One pretraining. `scratch` is a source like any other: domain and task `none`.

    Attributes:
        domain: Of the images it learned from.
        task: What it learned.
        provides: Which parts of the network get its weights.
        encoder: Name in segmentation-models-pytorch or timm (`tu-...`); the board's if None.
        input: Channels and statistics of its inputs.
        weights: A checkpoint; either this or `pretrain`.
        pretrain: The recipe of an in-suite pretraining.
        saw: Data that the weights have seen; that of `pretrain` follows from the recipe.
        synthetic: Whether it learned from phantoms.
        citation: Of the pretraining.
    """

    domain: Domain
    task: SourceObjective
    provides: Literal["nothing", "encoder", "encoder_decoder"]
    encoder: str | None = None
    input: InputStatistics
    weights: WeightsFile | None = None
    pretrain: Pretraining | None = None
    saw: tuple[Exposure, ...] = ()
    synthetic: bool = False
    citation: str = ""

    @model_validator(mode="after")
    def _weights_match_claim(self) -> "SourceCard":
        origins = [origin for origin in (self.weights, self.pretrain) if origin is not None]
        if self.provides == "nothing" and origins:
            raise ValueError("a source that provides nothing has neither weights nor pretrain")
        if self.provides != "nothing" and len(origins) != 1:
            raise ValueError("give either weights or pretrain")
        if self.weights and self.encoder is None:
            raise ValueError("a source with weights names its encoder")
        if self.pretrain and self.saw:
            raise ValueError("leave saw out: what an in-suite pretraining has seen is its recipe's")
        if self.pretrain and self.pretrain.objective in ("classification", "contrastive"):
            if self.provides == "encoder_decoder":
                raise ValueError(f"{self.pretrain.objective} trains no decoder")
        return self
