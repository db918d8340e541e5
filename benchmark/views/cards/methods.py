"""The protocol of a board as a paragraph of a methods section."""

from benchmark.cards.board import BoardCard
from benchmark.cards.protocol import (
    Augmentation,
    Decoder,
    DptDecoder,
    FineTuningProtocol,
    LinearDecoder,
)

OPTIMISERS = {"adamw": "AdamW", "adam": "Adam"}
LOSSES = {
    "dice_cross_entropy": "the sum of Dice loss and cross-entropy",
    "cross_entropy": "cross-entropy",
    "dice": "Dice loss",
}


def methods(board: BoardCard) -> str:
    """What every network of a board is and how it is trained, in plain words."""
    protocol = board.protocol
    sentences = [_input(protocol), _networks(protocol), _training(protocol),
                 _augmentation(protocol.augmentation), _selection(protocol)]  # fmt: skip
    return " ".join(sentences)


def _input(protocol: FineTuningProtocol) -> str:
    side = protocol.input_size
    fit = (
        "with their aspect kept" if protocol.fit == "letterbox" else "without keeping their aspect"
    )
    scaled = "normalised as the source was pretrained"
    if protocol.normalisation == "none":
        scaled = "scaled to [0, 1], whatever the source was pretrained with"
    return f"Images are resized to {side} x {side} pixels {fit} and {scaled}."


def _networks(protocol: FineTuningProtocol) -> str:
    return " ".join(
        f"Lane {lane}: {_decoder(decoder)} over the encoder of the source, or over "
        f"{decoder.encoder} where it names none."
        for lane, decoder in protocol.decoders.items()
    )


def _decoder(decoder: Decoder) -> str:
    if isinstance(decoder, LinearDecoder):
        maps = "map" if decoder.maps == 1 else f"{decoder.maps} maps"
        return f"batch normalisation and a 1 x 1 convolution on the last {maps}"
    channels = ", ".join(map(str, decoder.decoder_channels))
    if isinstance(decoder, DptDecoder):
        return f"the decoder of DPT ({channels} channels, fused in {decoder.fusion_channels})"
    return f"a U-Net decoder ({channels} channels)"


def _training(protocol: FineTuningProtocol) -> str:
    length = f"{protocol.steps} steps" if protocol.steps else f"{protocol.epochs} epochs"
    rates = " or ".join(f"{rate:g}" for rate in protocol.learning_rates)
    course = "constant"
    if protocol.schedule == "cosine":
        course = f"a warm-up over {protocol.warmup_share:.0%} of the steps, then half a cosine to 0"
    forced = f", at least {protocol.foreground_share:.0%} of them with a label"
    return (
        f"Training: {length} of {protocol.batch_size} slices"
        f"{forced if protocol.foreground_share else ''}, with {OPTIMISERS[protocol.optimizer]} "
        f"(learning rate {rates}, {course}; weight decay {protocol.weight_decay:g}) on "
        f"{LOSSES[protocol.loss]}."
    )


def _augmentation(ranges: Augmentation) -> str:
    texts = {
        f"rotation by up to {ranges.rotation_degrees:g} degrees": ranges.rotation_degrees,
        f"scaling by up to {ranges.scale:.0%}": ranges.scale,
        f"shear by up to {ranges.shear:g}": ranges.shear,
        f"shifts by up to {ranges.shift / 2:.1%} of the side": ranges.shift,  # of [-1, 1]
        f"gamma of exp(-{ranges.gamma:g}) to exp({ranges.gamma:g})": ranges.gamma,
        f"Gaussian noise (standard deviation {ranges.noise:g})": ranges.noise,
        "the flips that a target permits": ranges.horizontal_flip + ranges.vertical_flip,
    }
    changes = ", ".join(text for text, size in texts.items() if size)
    return f"Augmentation: {changes}." if changes else "There is no augmentation."


def _selection(protocol: FineTuningProtocol) -> str:
    if protocol.checkpoint == "last":
        return "The weights after the last step are tested, once."
    chosen = "step and learning rate" if len(protocol.learning_rates) > 1 else "step"
    return (
        f"The weights of the {chosen} with the best Dice on the validation subset, of "
        f"{protocol.evaluations} evaluations, are tested, once."
    )
