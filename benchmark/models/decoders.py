"""Networks of each lane: an encoder, the decoder that the protocol names, and a head."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmark.cards.lanes import encoder_lane
from benchmark.cards.protocol import Decoder, DptDecoder, LinearDecoder, UnetDecoder
from benchmark.errors import WeightsError
from benchmark.models.encoders import TIMM_PREFIX, build_encoder, encoder_family
from benchmark.models.patch_encoders import PatchEncoder
from benchmark.models.plain_networks import NetworkParts
from benchmark.models.vision_libraries import smp


class DptBlocks(nn.Module):
    """The decoder of DPT as segmentation-models-pytorch builds it; its map is half the image."""

    def __init__(self, encoder: PatchEncoder, card: DptDecoder) -> None:
        """Build a decoder for the maps of an encoder."""
        super().__init__()
        self.class_token = encoder.class_token
        widths = [width // (1 + self.class_token) for width in encoder.out_channels]
        self.dpt = smp.decoders.dpt.decoder.DPTDecoder(
            encoder_out_channels=widths,
            encoder_output_strides=[card.pixels_per_patch] * len(widths),
            encoder_has_prefix_tokens=self.class_token,
            readout="cat" if self.class_token else "ignore",
            intermediate_channels=card.decoder_channels,
            fusion_channels=card.fusion_channels,
        )

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """The blocks that fuse the maps, last map first."""
        blocks: Sequence[nn.Module] = self.dpt.fusion_blocks
        return blocks

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """The fused map."""
        if not self.class_token:
            return self._fused(maps, [None] * len(maps))
        pairs = [feature_map.chunk(2, 1) for feature_map in maps]
        tokens = [token[:, None, :, 0, 0] for _, token in pairs]
        return self._fused([patches.contiguous() for patches, _ in pairs], tokens)

    def _fused(self, maps: Sequence[torch.Tensor], tokens: Sequence[Any]) -> torch.Tensor:
        fused: torch.Tensor = self.dpt(maps, tokens)
        return fused


class LastMaps(nn.Module):
    """The last maps of an encoder, resized to the finest of them and concatenated; no weights."""

    def __init__(self, count: int) -> None:
        """Take so many maps."""
        super().__init__()
        self.count = count

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """The concatenated maps."""
        first, *others = maps[-self.count :]
        size = first.shape[2:]
        resized = [F.interpolate(feature_map, size, mode="bilinear") for feature_map in others]
        return torch.cat([first, *resized], 1)


def network_parts(
    encoder: str, decoder: Decoder, channels: int, classes: int, input_size: int
) -> NetworkParts:
    """Encoder, decoder and head of a randomly initialised network.

    Raises:
        WeightsError: No encoder has that name, or it cannot enter the decoder's lane.
    """
    family = encoder_family(encoder)
    if isinstance(decoder, LinearDecoder):
        return _linear(encoder, decoder, channels, input_size, classes)
    if isinstance(decoder, DptDecoder):
        if encoder_lane(encoder) != "dpt":
            raise WeightsError(
                f"encoder {encoder!r}: has maps of several sizes, which the decoder of lane dpt "
                "does not take; use lane unet or linear"
            )
        return _dpt(encoder, decoder, channels, classes)
    if encoder_lane(encoder) != "unet":
        raise WeightsError(
            f"encoder {encoder!r}: its maps all have one size, so that it gives no feature "
            "pyramid for a U-Net; use lane dpt or linear"
        )
    if family.network:
        return family.network(encoder, channels, classes, input_size)
    body = build_encoder(encoder, channels, decoder.encoder_depth, input_size)
    return _unet(body, classes, decoder)


def _unet(encoder: Any, classes: int, card: UnetDecoder) -> NetworkParts:
    """A U-Net over an encoder, as `smp.Unet` builds it over the encoders of its own library."""
    decoder = smp.decoders.unet.decoder.UnetDecoder(
        encoder_channels=encoder.out_channels,
        decoder_channels=card.decoder_channels,
        n_blocks=card.encoder_depth,
        add_center_block=isinstance(encoder, smp.encoders.vgg.VGGEncoder),
    )
    return _initialised(encoder, decoder, smp.base.SegmentationHead(
        card.decoder_channels[-1], classes, kernel_size=3
    ))  # fmt: skip


def _dpt(encoder: str, card: DptDecoder, channels: int, classes: int) -> NetworkParts:
    body = PatchEncoder(
        encoder.removeprefix(TIMM_PREFIX),
        channels,
        len(card.decoder_channels),
        pixels_per_patch=card.pixels_per_patch,
        class_token=card.readout == "project",
    )
    head = smp.decoders.dpt.decoder.DPTSegmentationHead(card.fusion_channels, classes)
    return _initialised(body, DptBlocks(body, card), head)


def _initialised(encoder: Any, decoder: Any, head: Any) -> NetworkParts:
    smp.base.initialization.initialize_decoder(decoder)
    smp.base.initialization.initialize_head(head)
    return encoder, decoder, head


def _linear(
    encoder: str, card: LinearDecoder, channels: int, size: int, classes: int
) -> NetworkParts:
    body: Any
    if encoder_lane(encoder) == "dpt":
        body = PatchEncoder(
            encoder.removeprefix(TIMM_PREFIX),
            channels,
            card.maps,
            pixels_per_patch=card.pixels_per_patch,
            last=True,
        )
    else:
        body = build_encoder(encoder, channels, size=size)
    widths = [width for width in body.out_channels[-card.maps :] if width]
    # The features are fixed, so the mean over all batches is the best estimate; a moving average
    # would keep a part of its initial variance of 1, far above that of many channels.
    norm = nn.BatchNorm2d(sum(widths), momentum=None)
    head = nn.Sequential(norm, nn.Conv2d(sum(widths), classes, 1))
    return body, LastMaps(card.maps), head
