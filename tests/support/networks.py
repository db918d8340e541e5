"""Small networks of tests, and their decoders."""

import torch

from benchmark.cards.lanes import encoder_lane
from benchmark.cards.protocol import Decoder, DptDecoder, LinearDecoder, UnetDecoder
from benchmark.models.networks import SegmentationNetwork, build_network


def unet(*channels: int) -> UnetDecoder:
    """A U-Net's decoder with so many channels in each block; five blocks of 8 if none is given."""
    channels = channels or (8,) * 5
    return UnetDecoder(encoder="", encoder_depth=len(channels), decoder_channels=channels)


DPT = DptDecoder(encoder="", decoder_channels=(8, 8, 8, 8), fusion_channels=8)
LINEAR = LinearDecoder(encoder="")


def network_of(
    encoder: str, decoder: Decoder, size: int = 64, channels: int = 3, classes: int = 2
) -> SegmentationNetwork:
    """A network without normalisation of its input."""
    return build_network(
        encoder, channels=channels, classes=classes, input_size=size, decoder=decoder,
        normalisation_mean=(0.0,) * channels, normalisation_std=(1.0,) * channels,
    )  # fmt: skip


def small_network(encoder: str) -> SegmentationNetwork:
    """The network of an encoder in its lane, from seed 0."""
    decoder = DPT if encoder_lane(encoder) == "dpt" else unet()
    torch.manual_seed(0)
    return network_of(encoder, decoder, channels=1 if encoder.startswith("monai") else 3)
