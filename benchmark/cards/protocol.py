"""Protocols: what is held fixed while a network learns."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Model, omitted_default
from benchmark.cards.lanes import LANES, Lane

Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Depth = Annotated[int, Field(ge=3, le=5)]
Channels = tuple[Positive, ...]


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


class UnetDecoder(Model):
    """Lane `unet`: a U-Net over a feature pyramid; complete networks have their own decoder.

    Attributes:
        encoder: Network of a source that names none, such as `scratch`.
        encoder_depth: Maps of the pyramid below the image.
        decoder_channels: Of each block, coarse to fine.
    """

    encoder: str
    encoder_depth: Depth
    decoder_channels: Channels

    @model_validator(mode="after")
    def _one_block_per_map(self) -> "UnetDecoder":
        if len(self.decoder_channels) != self.encoder_depth:
            raise ValueError(f"decoder_channels needs {self.encoder_depth} entries (encoder_depth)")
        return self


class PatchGrid(Model):
    """How an image becomes the patches of a plain vision transformer.

    Attributes:
        pixels_per_patch: The image is resized (bilinearly) so that a patch covers so many of its
            rows and columns, whatever the encoder's patch size is: encoders with patches of 14 and
            of 16 pixels give maps of one size. An encoder that takes one size only gets that.
    """

    pixels_per_patch: Literal[8, 16, 32] = 16


class DptDecoder(PatchGrid):
    """Lane `dpt`: the decoder of DPT (Ranftl et al. 2021) over a plain vision transformer.

    Attributes:
        encoder: Network of a source that names none.
        decoder_channels: Of the maps taken from the encoder, fine to coarse; as many blocks of the
            transformer, evenly spaced, give one map each.
        fusion_channels: Of the blocks that fuse the maps.
        readout: What becomes of the class token: joined to every patch by a learned projection,
            or ignored.
    """

    encoder: str
    decoder_channels: Annotated[Channels, Field(min_length=2, max_length=4)]
    fusion_channels: Positive
    readout: Literal["project", "ignore"] = "project"


class LinearDecoder(PatchGrid):
    """Lane `linear`: batch normalisation and a 1 x 1 convolution over a frozen encoder.

    Maps of plain vision transformers are normalised over the channels of each patch before.

    Attributes:
        encoder: Network of a source that names none.
        maps: The last so many maps of the encoder, resized to the finest of them and concatenated.
    """

    encoder: str
    maps: Annotated[int, Field(ge=1, le=4)] = 1


Decoder = UnetDecoder | DptDecoder | LinearDecoder


class Lanes(Model):
    """The decoder of each lane of a board."""

    unet: UnetDecoder | None = omitted_default()
    dpt: DptDecoder | None = omitted_default()
    linear: LinearDecoder | None = omitted_default()


class FineTuningProtocol(Model):
    """Everything held fixed. Its fingerprint is stored in every record of the board.

    `version` 2 names its decoders in `lanes`; version 1 is the lane `unet` alone, with `encoder`,
    `encoder_depth` and `decoder_channels` beside the others. Version 2 also trains and predicts
    faster, with other rounding: see `training.acceleration` and `running.inference`.

    Either `steps` or `epochs` is given; an epoch is as many steps as all training slices fill
    batches, so that it grows with their number. `evaluations` is the number of equally spaced
    validations; with `checkpoint` `last` the final weights are scored and no validation subset is
    needed. `outputs` `sigmoid` is a head of one channel, for targets of one label. `fit`
    `letterbox` keeps the aspect of an image, `squash` does not. `normalisation` `none` feeds
    images in [0, 1] whatever the source was trained on.
    """

    version: Literal[1, 2] = omitted_default(1)
    lanes: Lanes | None = omitted_default()
    encoder: str | None = omitted_default()
    encoder_depth: Depth | None = omitted_default()
    decoder_channels: Channels | None = omitted_default()
    outputs: Literal["softmax", "sigmoid"] = "softmax"
    input_size: Annotated[int, Field(ge=32, multiple_of=32)]
    fit: Literal["letterbox", "squash"] = "letterbox"
    normalisation: Literal["source", "none"] = "source"
    optimizer: Literal["adamw", "adam"]
    learning_rates: Annotated[tuple[Rate, ...], Field(min_length=1)]
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: Annotated[float, Field(ge=0)]
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
        if len(self.learning_rates) > 1 and self.checkpoint == "last":
            raise ValueError("choosing a learning rate needs checkpoint best_validation_dice")
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either steps or epochs")
        return self

    @model_validator(mode="after")
    def _decoders_as_of_version(self) -> "FineTuningProtocol":
        flat = (self.encoder, self.encoder_depth, self.decoder_channels)
        if self.version == 1 and (self.lanes is not None or None in flat):
            raise ValueError(
                "version 1 needs encoder, encoder_depth and decoder_channels, no lanes"
            )
        if self.version == 2 and (self.lanes is None or any(flat)):
            raise ValueError("version 2 needs lanes, which hold encoder and decoder_channels")
        if not self.decoders:
            raise ValueError(f"lanes needs at least one of {', '.join(LANES)}")
        return self

    @property
    def decoders(self) -> dict[Lane, Decoder]:
        """The decoder of each lane, of either version."""
        lanes = self.lanes or Lanes(
            unet=UnetDecoder.model_validate(
                {name: getattr(self, name) for name in UnetDecoder.model_fields}
            )
        )
        decoders = {lane: getattr(lanes, lane) for lane in LANES}
        return {lane: decoder for lane, decoder in decoders.items() if decoder is not None}

    def for_lane(self, lane: Lane) -> "FineTuningProtocol":
        """The protocol of one lane; its fingerprint is that of the lane's cells."""
        if self.lanes is None:
            return self
        lanes = self.lanes.model_copy(update={other: None for other in LANES if other != lane})
        return self.model_copy(update={"lanes": lanes})

    @property
    def inference_batch_size(self) -> int:
        """Slices predicted together; twice the training batch needs less memory than a step."""
        return self.batch_size if self.version == 1 else 2 * self.batch_size

    def steps_for(self, slices: int) -> int:
        """Optimiser steps with so many training slices."""
        return self.steps or (self.epochs or 0) * -(-slices // self.batch_size)
