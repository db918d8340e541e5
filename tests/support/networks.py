"""Decoders for the networks of tests."""

from benchmark.cards.protocol import UnetDecoder


def unet(*channels: int) -> UnetDecoder:
    """A U-Net's decoder with so many channels in each block; five blocks of 8 if none is given."""
    channels = channels or (8,) * 5
    return UnetDecoder(encoder="", encoder_depth=len(channels), decoder_channels=channels)
