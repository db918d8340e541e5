"""The two ends of a transfer: source tasks (pretrainings) and target tasks (problems)."""

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from benchmark.cards.card import Card, Model
from benchmark.cards.dataset import Domain
from benchmark.cards.problem import Intensity, Problem
from benchmark.cards.protocol import Augmentation, Positive

UNKNOWN = "unknown"
SourceObjective = Literal["classification", "segmentation", "self_supervised", "none"]
PretrainingObjective = Literal["classification", "segmentation", "restoration", "contrastive"]


class InputStatistics(Model):
    """Channels the network was trained on and their mean and deviation, for inputs in [0, 1]."""

    channels: Annotated[int, Field(ge=1)]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @model_validator(mode="after")
    def _one_value_a_channel(self) -> "InputStatistics":
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} values each")
        if min(self.std) <= 0:
            raise ValueError("std must be above 0")
        return self


class HubFile(Model):
    """A file of a Hugging Face repository; `revision` is a commit, so that it cannot change."""

    repo: str
    file: str
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class WeightsFile(Model):
    """A checkpoint: a file that the user has, or one that `segtransfer source get` fetches.

    It is known by its SHA-256, or the beginning of it where no more is published (torchvision
    puts eight digits into the file name), or by the commit of its repository. `rename` is a list
    of [regular expression, replacement] applied in turn to every tensor name; then the tensors
    below `key_prefix` are the encoder's.
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
    def _known_by_something(self) -> "WeightsFile":
        if self.by_hand and len(self.sha256 or "") != 64:
            raise ValueError("a file that the user has is known by its whole sha256")
        if self.url is not None and self.sha256 is None:
            raise ValueError("a url needs the sha256 of its file, or at least its first 8 digits")
        if PurePath(self.file).name in ("", ".."):
            raise ValueError(f"file {self.file!r} names no file")
        return self


class Pretraining(Model):
    """An in-suite pretraining, run once when it is asked for or a board first needs it.

    It learns from the subjects that the data set reserves to it (subset `pretrain`, a tenth of
    them held out to watch it), or else from the train subset, watched on val; test is never read.
    `where` keeps the cases of which these facts are true (`manufacturer: SIEMENS`). `max_items`
    caps the number of training images (slices of volumes), so that domains can be compared at
    equal data; `augmentation` is for classification and segmentation.
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


class Saw(Model):
    """A data set that a pretraining has seen, and whom of it.

    By the registry's id where it has one; any other name is compared by name alone. `unknown`
    stands for data that nobody can name any more: such a source is clean on no target.
    """

    dataset: str
    subjects: Literal["all", "train", "pretrain", "unknown"] | tuple[str, ...]


class SourceCard(Card):
    """One pretraining. `scratch` is a source like any other: domain and task `none`.

    `encoder` is a name of segmentation-models-pytorch or timm (`tu-...`); a source without one
    uses the board's. What an in-suite pretraining sees is its recipe's; `saw` is for weights.
    """

    domain: Domain
    task: SourceObjective
    provides: Literal["nothing", "encoder", "encoder_decoder"]
    encoder: str | None = None
    input: InputStatistics
    weights: WeightsFile | None = None
    pretrain: Pretraining | None = None
    saw: tuple[Saw, ...] = ()
    synthetic: bool = False
    citation: str = ""

    @model_validator(mode="after")
    def _weights_match_claim(self) -> "SourceCard":
        given = [origin for origin in (self.weights, self.pretrain) if origin is not None]
        if self.provides == "nothing" and given:
            raise ValueError("a source that provides nothing has neither weights nor pretrain")
        if self.provides != "nothing" and len(given) != 1:
            raise ValueError("give either weights or pretrain")
        if self.weights and self.encoder is None:
            raise ValueError("a source with weights names its encoder")
        if self.pretrain and self.saw:
            raise ValueError("what an in-suite pretraining saw is its recipe's; leave saw out")
        if self.pretrain and self.pretrain.objective in ("classification", "contrastive"):
            if self.provides == "encoder_decoder":
                raise ValueError(f"{self.pretrain.objective} trains no decoder")
        return self


class Fold(Model):
    """One of several parts into which the subjects of a data set fall."""

    number: Positive
    of: Annotated[int, Field(ge=3)]

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Fold":
        if self.number > self.of:
            raise ValueError(f"number is {self.number}, there are {self.of} folds")
        return self


class TargetCard(Card, Problem):
    """The segmentation problem that is transferred to, and the data set it is posed on.

    With a `fold` the data set's own split is set aside: that fold is the test subset, the next one
    val, the others train. A card without one has the fingerprint it had before folds existed.
    """

    dataset: str
    fold: Fold | None = None

    @model_serializer(mode="wrap")
    def _without_an_absent_fold(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        if self.fold is None:
            data.pop("fold", None)
        return data
