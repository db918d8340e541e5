"""Identification of a checkpoint's network from the names and shapes of its tensors alone."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from benchmark.cards.protocol import Decoder
from benchmark.models.encoders import (
    SIZE,
    RenameRules,
    TensorShapes,
    encoder_families,
    encoder_family,
    encoder_shapes,
    shapes_of_built,
    tensor_namings,
    without_counters,
)
from benchmark.models.networks import build_network
from benchmark.models.timm_models import similar_timm_models, timm_equivalents
from benchmark.models.weights import renamed_key
from benchmark.workers import Progress, no_progress

Groups = Mapping[str, TensorShapes]
"""The tensors below each prefix of a checkpoint, by their names without it."""

DEEPEST_PREFIX, LEAST_TENSORS = 6, 8
LEAST_SHARE_OF_TENSORS, LEAST_COVERAGE, NEARLY_ALL_TENSORS = 0.5, 0.1, 0.9


@dataclass(frozen=True, kw_only=True)
class EncoderMatch:
    """How a checkpoint covers an encoder, and what its card has to state so that it loads.

    Attributes:
        encoder: Its name.
        channels: Its input channels.
        prefix: Of its tensors in the checkpoint.
        rename: Rules for the card.
        key_prefix: What its names begin with after the rules, for the card.
        own: Shapes of its tensors.
        available: Shapes in the checkpoint below the prefix.
        renamed: The same under the names that the rules give.
        by_order: Names did not match, but kinds and shapes of all tensors did, in order.
    """

    encoder: str
    channels: int
    prefix: str
    rename: RenameRules
    key_prefix: str
    own: TensorShapes
    available: TensorShapes
    renamed: TensorShapes
    by_order: bool = False

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
    def rank(self) -> tuple[bool, float]:
        """Greater is better: full coverage, then similarity."""
        return self.complete, self.similarity

    @property
    def complete(self) -> bool:
        """Whether every tensor of the encoder is covered."""
        return len(self.matched) == len(self.own)

    @cached_property
    def similarity(self) -> float:
        """Dice overlap of values: 2 matched / (those of the encoder + those below the prefix)."""
        return 2 * _values(self.matched) / max(1, _values(self.own) + _values(self.available))


def _values(shapes: TensorShapes) -> int:
    return sum(map(math.prod, shapes.values()))


def identify(
    shapes: TensorShapes, encoders: Sequence[str] = (), progress: Progress = no_progress
) -> list[EncoderMatch]:
    """Encoders that match a checkpoint, one match per encoder, the best first.

    Ordered by full coverage, similarity and the order of the encoder families.

    Args:
        shapes: Shapes by name, in the order of the checkpoint.
        encoders: Names to compare with; empty for those of all families and, if none of them fits,
            the models of timm with similar tensor names.
        progress: Receives each stage.

    Returns:
        Empty if no encoder is similar.
    """
    groups = _groups(without_counters(shapes))
    candidates = list(encoders or encoder_families())
    matches = _compare(groups, candidates, progress)
    if not encoders and not any(
        match.complete and len(match.own) > NEARLY_ALL_TENSORS * len(match.renamed)
        for match in matches
    ):
        families = similar_timm_models(lambda names: _shared_names(groups, names), progress)
        equivalents = [name for match in matches[:2] for name in timm_equivalents(match.encoder)]
        matches += _compare(groups, list(dict.fromkeys([*families, *equivalents])), progress)
        candidates = list(dict.fromkeys([*equivalents, *families, *candidates]))
    if not any(match.complete for match in matches):
        matches += filter(None, (_match_by_order(groups, name) for name in candidates))
    best: dict[str, EncoderMatch] = {}
    for match in sorted(matches, key=lambda match: match.rank, reverse=True):
        best.setdefault(match.encoder, match)
    return list(best.values())


def _groups(shapes: TensorShapes) -> Groups:
    """The prefixes below which enough tensors are."""
    counts: Counter[str] = Counter()
    for name in shapes:
        modules = name.split(".")[:-1][:DEEPEST_PREFIX]
        counts.update("".join(f"{module}." for module in modules[:n])
                      for n in range(len(modules) + 1))  # fmt: skip
    return {
        prefix: {name.removeprefix(prefix): shape for name, shape in shapes.items()
                 if name.startswith(prefix)}
        for prefix, count in counts.items() if count >= LEAST_TENSORS
    }  # fmt: skip


def _shared_names(groups: Groups, names: Sequence[str]) -> float:
    """The largest share of these names that is below one prefix."""
    shared = (len(group.keys() & set(names)) for group in groups.values())
    return max(shared, default=0) / len(names)


def _compare(groups: Groups, encoders: Sequence[str], progress: Progress) -> list[EncoderMatch]:
    """The best match by names of each encoder that has any, the best first."""
    matches = []
    for number, encoder in enumerate(encoders):
        progress("comparing", number, len(encoders))
        match = _match_by_names(groups, encoder, encoder_family(encoder).usual_channels)
        if match:
            group = {match.prefix: groups[match.prefix]}
            adapted = _match_by_names(group, encoder, _input_channels(match))
            matches.append(max(match, adapted or match, key=lambda match: match.similarity))
    return sorted(matches, key=lambda match: match.rank, reverse=True)


def _match_by_names(groups: Groups, encoder: str, channels: int) -> EncoderMatch | None:
    """The best match of an encoder under any naming below any prefix."""
    own, matches = encoder_shapes(encoder, channels), []
    if own is None:
        return None
    for naming, (prefix, group) in product(tensor_namings(encoder, own), groups.items()):
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


def _input_channels(match: EncoderMatch) -> int:
    """The input channels of the checkpoint's first convolution."""
    for name, shape in match.mismatched.items():
        if len(shape) == 4 and shape[1] and match.own[name][1:] == (match.channels, *shape[2:]):
            return shape[1]
    return match.channels


def _match_by_order(groups: Groups, encoder: str) -> EncoderMatch | None:
    """The match of an encoder whose tensors have the checkpoint's kinds and shapes in its order."""
    channels = encoder_family(encoder).usual_channels
    own = encoder_shapes(encoder, channels)
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
    if not rules:
        if not match.prefix.endswith("encoder."):
            return None
        outer = match.prefix.removesuffix("encoder.")
        rules += [(f"^{re.escape(outer)}", "")] if outer else []
        if any(name.startswith(f"{outer}segmentation_head.") for name in shapes):
            rules.append((r"^segmentation_head\.", "head."))
    renamed = {renamed_key(name, rules): shape for name, shape in shapes.items()}
    expected = shapes_of_built(
        lambda: build_network(
            match.encoder, channels=match.channels, classes=1, input_size=SIZE,
            decoder=decoder, normalisation_mean=(0.0,), normalisation_std=(1.0,),
        ).decoder
    )  # fmt: skip
    if not expected or any(renamed.get(f"decoder.{n}") != shape for n, shape in expected.items()):
        return None
    return replace(match, rename=tuple(rules), key_prefix="encoder.")
