"""Comparison of a checkpoint's tensors with one encoder, by names, by conversion and in order."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from benchmark.cards.protocol import Decoder
from benchmark.errors import WeightsError
from benchmark.models import encoders
from benchmark.models.checkpoints.convert import convert_shapes
from benchmark.models.encoders import RenameRules, TensorShapes
from benchmark.models.networks import build_network
from benchmark.models.weights import renamed_key

Groups = Mapping[str, TensorShapes]
"""The tensors below each prefix of a checkpoint, by their names without it."""

LEAST_SHARE_OF_TENSORS, LEAST_COVERAGE = 0.5, 0.1


@dataclass(frozen=True, kw_only=True)
class EncoderMatch:
    """How a checkpoint covers an encoder, and what its card has to state so that it loads.

    Attributes:
        encoder: Its name.
        channels: Its input channels.
        prefix: Of its tensors in the checkpoint.
        rename: Rules for the card.
        key_prefix: What its names begin with after the rules, for the card.
        convert: Conversion for the card, of the names below the prefix.
        own: Shapes of its tensors.
        available: Shapes in the checkpoint below the prefix.
        renamed: The same under the names that rules or conversion give.
        resampled: Tensors of another grid (position embeddings) that the conversion resamples.
        by_order: Names did not match, but kinds and shapes of all tensors did, in order.
        equal: Other encoders whose tensors have the same names and shapes.
    """

    encoder: str
    channels: int
    prefix: str
    rename: RenameRules = ()
    key_prefix: str
    convert: str = ""
    own: TensorShapes
    available: TensorShapes
    renamed: TensorShapes
    resampled: tuple[str, ...] = ()
    by_order: bool = False
    equal: tuple[str, ...] = ()

    @cached_property
    def matched(self) -> TensorShapes:
        """Tensors of the encoder that the checkpoint has in their shape."""
        return {k: shape for k, shape in self.own.items() if self.renamed.get(k) == shape}

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Tensors of the encoder that the checkpoint lacks."""
        return tuple(name for name in self.own if name not in self.renamed)

    @cached_property
    def mismatched(self) -> TensorShapes:
        """Those of another shape, with the shape in the checkpoint."""
        common = self.own.keys() - self.matched.keys() - set(self.missing)
        return {name: self.renamed[name] for name in self.own if name in common}

    @property
    def coverage(self) -> float:
        """Matched values, as a fraction of the encoder's."""
        return _values(self.matched) / max(1, _values(self.own))

    @cached_property
    def rank(self) -> tuple[bool, bool, float]:
        """Greater is better: full coverage, nothing resampled, similarity."""
        return self.complete, not self.resampled, self.similarity

    @property
    def complete(self) -> bool:
        """Whether every tensor of the encoder is covered."""
        return len(self.matched) == len(self.own)

    @cached_property
    def similarity(self) -> float:
        """Dice overlap of values: 2 matched / (those of the encoder + those below the prefix).

        Resampled tensors are no match here, so that the encoder with the nearest grid is chosen.
        """
        exact = {k: v for k, v in self.matched.items() if not k.endswith(self.resampled)}
        return 2 * _values(exact) / max(1, _values(self.own) + _values(self.available))


def _values(shapes: TensorShapes) -> int:
    return sum(map(math.prod, shapes.values()))


def match_by_names(groups: Groups, encoder: str) -> EncoderMatch | None:
    """The best match of an encoder under any naming below any prefix; None if there is none."""
    return _of_any_channels(encoder, lambda channels: _match_by_names(groups, encoder, channels))


def _match_by_names(groups: Groups, encoder: str, channels: int) -> EncoderMatch | None:
    own, matches = encoders.encoder_shapes(encoder, channels), []
    if own is None:
        return None
    for naming, (prefix, group) in product(encoders.tensor_namings(encoder, own), groups.items()):
        added = naming.rules[0][1] if naming.rules else ""
        if len(group) < LEAST_SHARE_OF_TENSORS * len(own) or (added and prefix.endswith(added)):
            continue
        rules = naming.for_prefix("")
        match = EncoderMatch(
            encoder=encoder, channels=channels, prefix=prefix, rename=naming.for_prefix(prefix),
            key_prefix=naming.key_prefix if naming.rules else prefix, own=own, available=group,
            renamed={renamed_key(name, rules).removeprefix(naming.key_prefix): shape
                     for name, shape in group.items()},
        )  # fmt: skip
        if match.coverage >= LEAST_COVERAGE:
            matches.append(match)
    return max(matches, key=lambda match: match.rank, default=None)


def match_converted(
    group: TensorShapes, prefix: str, encoder: str, conversion: str
) -> EncoderMatch | None:
    """The match of an encoder after a conversion of the tensors below a prefix."""
    return _of_any_channels(
        encoder, lambda channels: _match_converted(group, prefix, encoder, channels, conversion)
    )


def _match_converted(
    group: TensorShapes, prefix: str, encoder: str, channels: int, conversion: str
) -> EncoderMatch | None:
    own = encoders.encoder_shapes(encoder, channels)
    if own is None:
        return None
    try:
        renamed, resampled = convert_shapes(group, conversion, encoder, channels)
    except WeightsError:
        return None
    match = EncoderMatch(
        encoder=encoder, channels=channels, prefix=prefix, key_prefix=prefix, convert=conversion,
        own=own, available=group, renamed=renamed, resampled=resampled,
    )  # fmt: skip
    return match if match.coverage >= LEAST_COVERAGE else None


def _of_any_channels(
    encoder: str, match: Callable[[int], EncoderMatch | None]
) -> EncoderMatch | None:
    """The match for the usual input channels, or for those of the checkpoint's first layer."""
    usual = match(encoders.encoder_family(encoder).usual_channels)
    if usual is None or usual.complete:
        return usual
    for name, shape in usual.mismatched.items():
        own = usual.own[name]
        if len(shape) == 4 and shape[1] and own[1] == usual.channels and own[2:] == shape[2:]:
            adapted = match(shape[1])
            return max(usual, adapted or usual, key=lambda match: match.similarity)
    return usual


def match_by_order(groups: Groups, encoder: str) -> EncoderMatch | None:
    """The match of an encoder whose tensors have the checkpoint's kinds and shapes in its order."""
    channels = encoders.encoder_family(encoder).usual_channels
    own = encoders.encoder_shapes(encoder, channels)
    if own is None:
        return None
    kinds = [(name.rpartition(".")[2], shape) for name, shape in own.items()]
    for prefix, group in groups.items():
        names = list(group)[: len(own)]
        if [(name.rpartition(".")[2], group[name]) for name in names] != kinds:
            continue
        key_prefix = "own." if any(n.startswith("encoder.") for n in groups[""]) else "encoder."
        modules = dict.fromkeys(
            (f"{prefix}{theirs}".rpartition(".")[0], ours.rpartition(".")[0])
            for theirs, ours in zip(names, own, strict=True)
        )
        rules = tuple((rf"^{re.escape(old)}\.", f"{key_prefix}{new}.") for old, new in modules)
        return EncoderMatch(
            encoder=encoder, channels=channels, prefix=prefix, rename=rules, key_prefix=key_prefix,
            own=own, available=group, renamed=own, by_order=True,
        )  # fmt: skip
    return None


def with_decoder(
    match: EncoderMatch, shapes: TensorShapes, decoder: Decoder
) -> EncoderMatch | None:
    """The match of the complete network, if the checkpoint has its decoder; None if it has not.

    Args:
        match: Of the encoder.
        shapes: Shapes by name of the complete checkpoint.
        decoder: That boards build over an encoder.
    """
    rules = list(match.rename)
    if match.convert:
        return None
    if not rules:
        if not match.prefix.endswith("encoder."):
            return None
        outer = match.prefix.removesuffix("encoder.")
        rules += [(f"^{re.escape(outer)}", "")] if outer else []
        if any(name.startswith(f"{outer}segmentation_head.") for name in shapes):
            rules.append((r"^segmentation_head\.", "head."))
    renamed = {renamed_key(name, rules): shape for name, shape in shapes.items()}
    expected = encoders.shapes_of_built(
        lambda: build_network(
            match.encoder, channels=match.channels, classes=1, input_size=encoders.SIZE,
            decoder=decoder, normalisation_mean=(0.0,), normalisation_std=(1.0,),
        ).decoder
    )  # fmt: skip
    if not expected or any(renamed.get(f"decoder.{n}") != shape for n, shape in expected.items()):
        return None
    return replace(match, rename=tuple(rules), key_prefix="encoder.")
