"""Reading a checkpoint and identifying its network, or saying why it is none of those known."""

from dataclasses import dataclass

from benchmark.cards.lanes import Lane, encoder_lane
from benchmark.cards.protocol import Decoder
from benchmark.errors import WeightsError
from benchmark.files import printable
from benchmark.models.checkpoints.identify import identify, nearest_network
from benchmark.models.checkpoints.matching import EncoderMatch, with_decoder
from benchmark.models.checkpoints.read import open_checkpoint
from benchmark.models.checkpoints.state_dict import Checkpoint
from benchmark.models.encoders import (
    TIMM_PREFIX,
    TensorShapes,
    build_encoder,
    encoder_and_tag,
    encoder_family,
    encoder_shapes,
    without_counters,
)
from benchmark.models.meta_device import build_without_memory
from benchmark.models.timm_models import timm_statistics
from benchmark.sources.checkpoint_origin import CheckpointOrigin
from benchmark.workers import Progress

LEAST_SIMILARITY = 0.3
LISTED = 3
OWN_NETWORK = "or bring your own network (`segtransfer source template`)"


@dataclass(frozen=True, kw_only=True)
class ExaminedCheckpoint:
    """A checkpoint that was read and identified.

    Attributes:
        origin: Its origin.
        checkpoint: Its tensors.
        match: The encoder.
        with_decoder: The match of the complete network; None if the checkpoint has no decoder.
        similar: Other networks, the most similar first.
        statistics: Mean and standard deviation of the input, as the publisher or timm states them;
            None if they are not known.
        statistics_of: Whose they are, in words.
    """

    origin: CheckpointOrigin
    checkpoint: Checkpoint
    match: EncoderMatch
    with_decoder: EncoderMatch | None
    similar: tuple[EncoderMatch, ...]
    statistics: tuple[tuple[float, ...], tuple[float, ...]] | None
    statistics_of: str

    @property
    def lane(self) -> Lane:
        """The lane of boards that the encoder enters besides `linear`."""
        return encoder_lane(self.match.encoder)

    @property
    def attention_heads(self) -> tuple[int, ...]:
        """Numbers of attention heads in the network's blocks; the file may be of another one."""
        match = self.match
        network = build_without_memory(lambda: build_encoder(match.encoder, match.channels))
        modules = network.modules() if network else ()
        heads = {getattr(module, "num_heads", None) for module in modules}
        return tuple(sorted(count for count in heads if isinstance(count, int)))


def examine(
    origin: CheckpointOrigin,
    *,
    encoder: str | None,
    part: str,
    decoder: Decoder,
    progress: Progress,
) -> ExaminedCheckpoint:
    """Read a checkpoint and identify its network.

    Args:
        origin: Of the checkpoint.
        encoder: The only encoder to compare with, also by its name in timm; None for all.
        part: Key of the group of tensors, see `find_state_dict`.
        decoder: Of the boards' U-Net.
        progress: Receives each stage.

    Raises:
        WeightsError: It cannot be read safely, or no known network is similar.
    """
    names: tuple[str, ...] = ()
    tag = ""
    if given := encoder or origin.encoder:
        name, tag = encoder_and_tag(given)
        require_buildable(name)
        names = (name,)
    progress("reading the checkpoint", 0, 0)
    checkpoint = open_checkpoint(origin.path, part)
    shapes: TensorShapes = {name: tuple(t.shape) for name, t in checkpoint.tensors.items()}
    matches = identify(shapes, names, progress)
    best = matches[0] if matches else None
    if best is None or best.similarity < LEAST_SIMILARITY and not best.complete:
        reason = _why_given(best, names[0]) if names else _why_none(shapes, best)
        shown = ", ".join(map(printable, list(without_counters(shapes))[:LISTED]))
        raise WeightsError(
            f"{printable(origin.path)}: {len(shapes)} tensors ({shown}, ...) {reason}"
        )
    statistics, publisher = _statistics(origin, best, tag)
    return ExaminedCheckpoint(
        origin=origin,
        checkpoint=checkpoint,
        match=best,
        with_decoder=with_decoder(best, shapes, decoder),
        similar=tuple(matches[1:6]),
        statistics=statistics,
        statistics_of=publisher,
    )


def require_buildable(encoder: str) -> None:
    """Check that boards can build an encoder.

    Raises:
        WeightsError: Its feature maps suit no lane.
    """
    if encoder_shapes(encoder, encoder_family(encoder).usual_channels) is None:
        raise WeightsError(f"{encoder}: {_no_lane(encoder)}; choose another encoder, {OWN_NETWORK}")


def differences(match: EncoderMatch) -> str:
    """The first tensors that are missing or of another shape, with both shapes."""
    texts = []
    if match.mismatched:
        shown = ", ".join(
            f"{printable(name)} {shape} in the file, {match.own[name]} in the network"
            for name, shape in list(match.mismatched.items())[:LISTED]
        )
        texts.append(f"{len(match.mismatched)} of another shape ({shown})")
    if match.missing:
        shown = ", ".join(map(printable, match.missing[:LISTED]))
        texts.append(f"{len(match.missing)} missing ({shown})")
    return f"of {len(match.own)} tensors of {match.encoder}: {', '.join(texts)}"


def _no_lane(encoder: str) -> str:
    return (
        f"timm's {encoder.removeprefix(TIMM_PREFIX)} gives no feature pyramid (lane unet) and is "
        "no plain vision transformer (lane dpt)"
    )


def _why_given(best: EncoderMatch | None, encoder: str) -> str:
    if best is None:
        return f"have no tensor of {encoder} in its shape; leave --encoder out, {OWN_NETWORK}"
    return f"are not similar to {encoder}; {differences(best)}; leave --encoder out, {OWN_NETWORK}"


def _why_none(shapes: TensorShapes, best: EncoderMatch | None) -> str:
    if any(len(shape) == 5 for shape in shapes.values()):
        return f"are of 3-D convolutions, networks here are 2-D; {OWN_NETWORK[3:]}"
    nearest = nearest_network(shapes)
    advice = f"give --encoder with a name of timm or smp, {OWN_NETWORK}"
    if nearest is None:
        return f"are not similar to any known network; {advice}"
    name = nearest.network.encoders[0]
    if not nearest.network.usable and nearest.similarity > 2 * LEAST_SIMILARITY:
        return f"are those of {name}: {_no_lane(name)}; {OWN_NETWORK[3:]}"
    resembles = f"the nearest by shapes is {name}, with {nearest.similarity:.0%} of the values"
    detail = f"; {differences(best)}" if best else ""
    return f"are not similar to any known network; {resembles}{detail}; {advice}"


def _statistics(
    origin: CheckpointOrigin, match: EncoderMatch, tag: str
) -> tuple[tuple[tuple[float, ...], tuple[float, ...]] | None, str]:
    """Mean and standard deviation that are known, and of whom."""
    if origin.mean and origin.std and len(origin.mean) == match.channels:
        return (origin.mean, origin.std), "stated with these weights"
    if not match.encoder.startswith(TIMM_PREFIX):
        return None, ""
    model = match.encoder.removeprefix(TIMM_PREFIX)
    published = timm_statistics(model, tag)
    if published is None or len(published[0]) != match.channels:
        return None, ""
    weights = f"{model}.{tag}" if tag else f"all published weights of {model}"
    return published, f"those of timm for {weights}, not stated by the file"
