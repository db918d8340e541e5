"""Identification of a checkpoint's network from the names and shapes of its tensors alone.

The index tells which networks the tensors resemble, under their own names or converted from those
of another library; these few are built and compared tensor by tensor.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from benchmark.models.checkpoints.conversions import CONVERSIONS, TIMM, matching_conversions
from benchmark.models.checkpoints.convert import renamed_shapes
from benchmark.models.checkpoints.matching import (
    EncoderMatch,
    Groups,
    match_by_names,
    match_by_order,
    match_converted,
)
from benchmark.models.checkpoints.network_index import (
    IndexedNetwork,
    NetworkIndex,
    Resemblance,
    indexed,
    shipped_index,
)
from benchmark.models.encoders import (
    TIMM_PREFIX,
    TensorShapes,
    encoder_families,
    encoder_family,
    encoder_shapes,
    is_encoder,
    without_counters,
)
from benchmark.models.plugins.entry_points import plugin_names
from benchmark.models.vision_libraries import smp
from benchmark.workers import Progress, no_progress

DEEPEST_PREFIX, LEAST_TENSORS = 6, 8
MOST_BUILT, MARGIN, LEAST_COVERAGE = 12, 0.01, 0.998
SMP_VARIANT = "timm-"


@dataclass(frozen=True)
class NetworkCandidate:
    """A network of the index that the tensors below a prefix resemble."""

    like: Resemblance
    prefix: str


def identify(
    shapes: TensorShapes, encoders: Sequence[str] = (), progress: Progress = no_progress
) -> list[EncoderMatch]:
    """Encoders that match a checkpoint, one match per network, the best first.

    Ordered by full coverage, then similarity. Encoders with equal names and shapes are one match.

    Args:
        shapes: Shapes by name, in the order of the checkpoint.
        encoders: Names to compare with; empty for all.
        progress: Receives each stage.

    Returns:
        Empty if no encoder is similar.
    """
    groups = _groups(without_counters(shapes))
    progress("looking up names and shapes", 0, 0)
    index = _index_of(encoders) if encoders else _all_encoders()
    usable = [c for c in _candidates(groups, index) if c.like.network.usable]
    candidates = usable[:MOST_BUILT]
    matches: list[EncoderMatch] = []
    best = None
    for number, candidate in enumerate(candidates):
        if best and not _may_be_better(candidate.like, best):
            continue
        progress(f"comparing with {candidate.like.network.encoders[0]}", number, len(candidates))
        match = _compare(groups, candidate)
        if match:
            matches.append(match)
            best = max(matches, key=_rank)
    if best is None or not best.complete:
        first = [c.like.network.encoders[0] for c in candidates]
        in_order = (match_by_order(groups, name) for name in first if is_encoder(name))
        matches += [match for match in in_order if match]
    by_encoder: dict[str, EncoderMatch] = {}
    for match in sorted(matches, key=_rank, reverse=True):
        by_encoder.setdefault(match.encoder, match)
    return list(by_encoder.values())


def nearest_network(shapes: TensorShapes) -> Resemblance | None:
    """The most similar network of the index by shapes alone, also one that boards cannot build."""
    candidates = _candidates(_groups(without_counters(shapes)), shipped_index())
    return candidates[0].like if candidates else None


def _groups(shapes: TensorShapes) -> Groups:
    """The prefixes below which enough tensors are, the longest of those with the same tensors."""
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


def _index_of(encoders: Sequence[str]) -> NetworkIndex:
    """An index of these encoders, one network each."""
    shapes = {name: encoder_shapes(name, encoder_family(name).usual_channels) for name in encoders}
    return NetworkIndex([indexed([name], own, True) for name, own in shapes.items() if own], {})


def _all_encoders() -> NetworkIndex:
    """The shipped index and, compared first, what it lacks: encoders of installed packages."""
    index = shipped_index()
    known = {name for network in index.networks for name in network.encoders}
    others = [name for name in encoder_families() if name not in known or name in plugin_names()]
    return NetworkIndex([*_index_of(others).networks, *index.networks], index.versions)


def _candidates(groups: Groups, index: NetworkIndex) -> list[NetworkCandidate]:
    """The networks that any group resembles under any names, the most similar first."""
    best: dict[IndexedNetwork, NetworkCandidate] = {}
    for prefix, group in groups.items():
        readings = [renamed_shapes(group, c) for c in matching_conversions(group)]
        for shapes in (group, *readings):
            for like in index.resembling(shapes):
                other = best.get(like.network)
                if other is None or other.like.rank <= like.rank:
                    best[like.network] = NetworkCandidate(like, prefix)
    return sorted(best.values(), key=lambda c: c.like.rank, reverse=True)


def _compare(groups: Groups, candidate: NetworkCandidate) -> EncoderMatch | None:
    """The best match of a candidate: by its names, or else by a conversion."""
    prefixes = [p for p in groups if candidate.prefix.startswith(p)]
    converted = [(p, c) for p in prefixes for c in matching_conversions(groups[p])]
    names = _by_preference(candidate.like.network.encoders, {c for _, c in converted})
    installed = [name for name in names if is_encoder(name)]
    if not installed:
        return None
    encoder, *equal = installed
    if encoder.startswith(TIMM_PREFIX):
        converted = [(prefix, TIMM) for prefix in prefixes] + converted
    best = match_by_names(groups, encoder)
    for prefix, conversion in reversed(converted):  # the longest prefix, timm's own last
        if best and best.complete:
            break
        match = match_converted(groups[prefix], prefix, encoder, conversion)
        best = max(filter(None, (best, match)), key=_rank, default=None)
    return best and replace(best, equal=tuple(equal))


def _may_be_better(like: Resemblance, best: EncoderMatch) -> bool:
    """Whether a network, as the index has it, may match better than what was found."""
    best_rank = _rank(best)
    exact = best_rank[:3] == (True, True, True)
    return not exact or (like.coverage > LEAST_COVERAGE and like.similarity + MARGIN > best_rank[3])


def _rank(match: EncoderMatch) -> tuple[bool, bool, bool, float]:
    """Greater is better: full coverage, nothing resampled, no variant of timm's, similarity."""
    complete, exact, similarity = match.rank
    return complete, exact, not match.encoder.startswith(SMP_VARIANT), similarity


def _by_preference(encoders: Sequence[str], conversions: Collection[str]) -> list[str]:
    """Encoders with equal names and shapes, first the one that the weights are likely of.

    Encoders of smp with names of their own are networks of torchvision and other first publishers;
    its `timm-...` are variants of timm's, whose weights are timm's `tu-...`.
    """
    variants = {name.removeprefix(SMP_VARIANT) for name in smp.encoders.encoders}
    preferred = [CONVERSIONS[conversion].prefers for conversion in conversions]

    def order(encoder: str) -> tuple[bool, int, bool, int, str]:
        """Sort key: the likeliest first, then the shortest name."""
        usual = all(re.search(pattern, encoder) for pattern in preferred)
        library = encoder.startswith(TIMM_PREFIX) + 2 * encoder.startswith(SMP_VARIANT)
        known = encoder.removeprefix(TIMM_PREFIX) in variants
        return not usual, library, not known, len(encoder), encoder

    return sorted(encoders, key=order)
