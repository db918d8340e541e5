"""Reference outputs: does the network compute what the library of its weights computes?

Names and shapes of tensors do not fix the forward pass: padding, the epsilon of normalisation, the
activation and the order of layers may differ between two libraries.
"""

import torch

from benchmark.cards.source import ReferenceOutputs
from benchmark.models.patch_encoders import PatchEncoder
from benchmark.sources.mini_board import MiniBoard
from benchmark.sources.report import Outcome, listed

CHANNELS, DIGITS = 6, 6


def reference_input(channels: int, size: int) -> torch.Tensor:
    """The fixed input (1, channels, size, size), from -2 to 2, already normalised."""
    return torch.linspace(-2, 2, channels * size * size).reshape(1, channels, size, size)


def reference_outputs(
    features: torch.Tensor, library: str, size: int, channels: int = CHANNELS
) -> ReferenceOutputs:
    """Statistics of a feature map, to be stated as `reference` on a source card.

    Args:
        features: The deepest feature map (1, channels, rows, columns) for `reference_input`, from
            a network in evaluation mode.
        library: What computed it.
        size: Rows and columns of the input.
        channels: Number of channels whose means are stated.
    """
    features = features.detach().double()[0]
    means = features.mean((1, 2))[:channels].tolist()
    return ReferenceOutputs(
        library=library,
        size=size,
        shape=(features.shape[0], features.shape[1], features.shape[2]),
        mean=round(features.mean().item(), DIGITS),
        std=round(features.std().item(), DIGITS),
        channel_means=tuple(round(value, DIGITS) for value in means),
    )


def differences(stated: ReferenceOutputs, computed: ReferenceOutputs) -> list[str]:
    """The numbers that differ by more than the stated tolerance; the library is not compared."""
    if stated.shape != computed.shape:
        return [f"shape {computed.shape}, reference {stated.shape}"]
    names = ["mean", "std", *(f"mean of channel {k}" for k in range(len(stated.channel_means)))]
    pairs = zip(names, _numbers(computed), _numbers(stated), strict=True)
    return [
        f"{name} {value:.6g}, reference {expected:.6g}"
        for name, value, expected in pairs
        if not abs(value - expected) <= stated.tolerance
    ]


def _numbers(outputs: ReferenceOutputs) -> tuple[float, ...]:
    return outputs.mean, outputs.std, *outputs.channel_means


def check_reference(board: MiniBoard) -> Outcome:
    """The deepest feature map is what the library of the weights computes."""
    stated = board.source.reference
    if stated is None:
        return Outcome(
            None, "none on the card: a forward pass unlike that of the weights' own library is not "
            "noticed",
        )  # fmt: skip
    encoder = board.loaded(stated.size)[0].eval().encoder
    if isinstance(encoder, PatchEncoder):  # images as they are, without the class token
        encoder.pixels_per_patch, encoder.class_token = encoder.patch, False
    images = reference_input(board.source.input.channels, stated.size)
    with torch.inference_mode():
        features = encoder(images)[-1]
    computed = reference_outputs(features, "", stated.size, len(stated.channel_means))
    if different := differences(stated, computed):
        return Outcome(
            False,
            f"{board.source.encoder} does not compute what {stated.library} does: "
            f"{listed(different)}",
            "tensors of equal names and shapes belong to several networks: choose the encoder of "
            "the weights' own library (`tu-` for timm), or correct `reference` on the card",
        )
    return Outcome(
        True,
        f"as {stated.library}: shape {stated.shape}, mean {computed.mean:.6f}, standard deviation "
        f"{computed.std:.6f}",
    )
