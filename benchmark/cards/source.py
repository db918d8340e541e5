"""Source tasks: pretrainings, with their weights or their recipe, and what they have seen."""

from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Card, Model, omitted_default
from benchmark.cards.dataset import Domain
from benchmark.cards.patterns import Renaming
from benchmark.cards.pretraining import Pretraining
from benchmark.cards.protocol import Positive

UNKNOWN = "unknown"
SourceObjective = Literal["classification", "segmentation", "self_supervised", "none"]


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
        if min(self.mean) < 0 or max(*self.mean, *self.std) > 1:
            raise ValueError(
                "mean and std are of inputs in [0, 1]; divide those of 0 to 255 by 255"
            )
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


class PackageFile(Model):
    """A file of an installed Python package.

    Attributes:
        name: Of the package, as `pip install` takes it.
        version: The only one that has the file of the card's hash.
        file: Its path, as the package's list of files (RECORD) has it.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9.!+_-]+$")]
    file: str


class WeightsFile(Model):
    """A checkpoint: a file that the user has, or one that `segtransfer source get` fetches.

    Attributes:
        file: Its name.
        sha256: SHA-256 in hexadecimal, or the beginning of it where no more is published
            (torchvision puts eight digits into the file name); may be left out for `hub`.
        licence: Of the weights.
        commercial_use: Whether the licence allows it; None if that is not known.
        url: Where it is fetched from.
        hub: The repository that it is fetched from.
        package: The installed package that it is copied from.
        key_prefix: Tensors below it are the encoder's.
        rename: [regular expression, replacement], applied in turn to every tensor name first.
        convert: Conversion of the tensors below key_prefix, from the names and forms of another
            library; `timm` is timm's own.
    """

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    licence: str
    commercial_use: bool | None = omitted_default()
    url: str | None = None
    hub: HubFile | None = None
    package: PackageFile | None = omitted_default()
    key_prefix: str = ""
    rename: tuple[Renaming, ...] = ()
    convert: str = omitted_default("")

    @property
    def by_hand(self) -> bool:
        """Whether the user has to bring the file."""
        return self.url is None and self.hub is None and self.package is None

    @model_validator(mode="after")
    def _is_identified(self) -> "WeightsFile":
        if self.by_hand and len(self.sha256 or "") != 64:
            raise ValueError("a file that the user has is identified by its complete sha256")
        if self.package is not None:
            if self.url is not None or self.hub is not None:
                raise ValueError("give package, or url or hub, not both")
            if len(self.sha256 or "") != 64:
                raise ValueError("a file of a package is identified by its complete sha256")
        if self.url is not None and self.sha256 is None:
            raise ValueError("a url needs the sha256 of its file, or at least its first 8 digits")
        if PurePath(self.file).name in ("", ".."):
            raise ValueError(f"file {self.file!r} names no file")
        return self


class ReferenceOutputs(Model):
    """What the library that the weights come from computes for a fixed input.

    The input is `linspace(-2, 2)` in the shape (1, channels, size, size), already normalised; the
    output is the deepest feature map in evaluation mode; of a plain vision transformer, that of
    its last block for each patch, before the last normalisation.

    Attributes:
        library: What computed them: library, version, and the output that was taken.
        size: Rows and columns of the input, in pixels.
        shape: Channels, rows and columns of the feature map.
        mean: Over all its values.
        std: Standard deviation over all its values.
        channel_means: Of its first channels.
        tolerance: Largest absolute difference of each number.
    """

    library: str
    size: Positive
    shape: tuple[Positive, Positive, Positive]
    mean: float
    std: Annotated[float, Field(ge=0)]
    channel_means: Annotated[tuple[float, ...], Field(min_length=1)]
    tolerance: Annotated[float, Field(gt=0)] = 1e-4


class Exposure(Model):
    """A data set that a pretraining has seen, and which of its subjects.

    Attributes:
        dataset: Its id in the registry if it has one; any other name is compared as text.
            `unknown` stands for data that nobody can name any more: such a source is clean on no
            target.
        subjects: All, those of a subset, a list of names, or `unknown`.
        checkable: False for collections that nobody outside can compare with a target's images
            (photographs from the web, figures of articles, data that are not public).
    """

    dataset: str
    subjects: Literal["all", "train", "pretrain", "unknown"] | tuple[str, ...]
    checkable: bool = omitted_default(True)


class RecordedWith(Model):
    """What a card stated when its records were made, of facts that change no number.

    What is given here stands in the card's place in the fingerprint that its records carry, so that
    a corrected title or a forgotten data set does not void them. Marks of contamination follow the
    card as it is now: `run` brings those of finished records up to date.
    """

    title: str = ""
    saw: tuple[Exposure, ...] = ()
    reference: ReferenceOutputs | None = None
    unverified: tuple[str, ...] = ()
    citation: str = ""


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
        reference: Outputs with which `source check` compares the network's.
        unverified: What this card states, or leaves out, that its author could not check.
        synthetic: Whether it learned from phantoms.
        citation: Of the pretraining.
        recorded_with: What the card stated before a correction, for the fingerprint of records.
    """

    domain: Domain
    task: SourceObjective
    provides: Literal["nothing", "encoder", "encoder_decoder"]
    encoder: str | None = None
    input: InputStatistics
    weights: WeightsFile | None = None
    pretrain: Pretraining | None = None
    saw: tuple[Exposure, ...] = ()
    reference: ReferenceOutputs | None = omitted_default()
    unverified: tuple[str, ...] = omitted_default(())
    synthetic: bool = False
    citation: str = ""
    recorded_with: RecordedWith | None = omitted_default()

    @property
    def as_recorded(self) -> "SourceCard":
        """The card before its corrections."""
        if self.recorded_with is None:
            return self
        earlier = {name: getattr(self.recorded_with, name)
                   for name in self.recorded_with.model_fields_set}  # fmt: skip
        return self.model_copy(update=earlier | {"recorded_with": None})

    @model_validator(mode="after")
    def _weights_match_claim(self) -> "SourceCard":
        origins = [origin for origin in (self.weights, self.pretrain) if origin is not None]
        if self.provides == "nothing" and origins:
            raise ValueError("a source that provides nothing has neither weights nor pretrain")
        if self.provides != "nothing" and len(origins) != 1:
            raise ValueError("give either weights or pretrain")
        if self.weights and self.encoder is None:
            raise ValueError("a source with weights names its encoder")
        if self.reference and not self.weights:
            raise ValueError("reference outputs belong to weights")
        if self.pretrain and self.saw:
            raise ValueError("leave saw out: what an in-suite pretraining has seen is its recipe's")
        if self.pretrain and self.pretrain.objective in ("classification", "contrastive"):
            if self.provides == "encoder_decoder":
                raise ValueError(f"{self.pretrain.objective} trains no decoder")
        return self
