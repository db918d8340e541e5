"""Which network a checkpoint is of, told from the names and shapes of its tensors alone."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmark.models.encoders import (
    COUNTER,
    Candidate,
    Rules,
    Shapes,
    candidates,
    common_encoders,
    decoder_shapes,
    elements,
    encoder_shapes,
    timm_families,
    timm_twins,
    usual_channels,
)
from benchmark.workers import Progress, no_progress

DEEPEST, FEWEST, HALF, LEAST, WELL = 6, 8, 0.5, 0.1, 0.9
CHANNELS = 1  # the axis of a convolution's weight


@dataclass(frozen=True)
class Fit:
    """How a checkpoint fits an encoder, and what its card has to say so that it loads.

    `likeness` is the Dice overlap of values: twice those matched over those of the encoder and of
    the file below `prefix` together; `matched` and `given` count tensors. `by_order` says that
    names did not match, but kinds and shapes of all tensors did, one after the other. `mismatched`
    gives the file's shapes.
    """

    encoder: str
    channels: int
    prefix: str
    rename: Rules
    key_prefix: str
    matched: int
    given: int
    missing: tuple[str, ...]
    mismatched: Shapes
    share: float
    likeness: float
    by_order: bool = False

    @property
    def complete(self) -> bool:
        """Whether the whole encoder is covered."""
        return not self.missing and not self.mismatched


def identify(
    found: Shapes,
    encoders: Sequence[str] = (),
    progress: Progress = no_progress,
) -> list[Fit]:
    """Fits of a checkpoint, the best first, one an encoder; empty where nothing is like it.

    A complete cover comes before an incomplete one, then the higher likeness, then the order in
    which the libraries list their encoders.

    Args:
        found: Shapes by name, in the file's order.
        encoders: Names to compare with; empty for all of smp and MONAI and, where those do not
            fit, the families of timm that have such names.
        progress: Told of each stage.
    """
    file = File({name: shape for name, shape in found.items() if not name.endswith(COUNTER)})
    fits = file.compare(encoders or common_encoders(), progress)
    if not encoders and not any(fit.complete and fit.matched > WELL * fit.given for fit in fits):
        families = timm_families(file.has, lambda d, t: progress("looking at timm", d, t))
        twins = [name for fit in fits[:2] for name in timm_twins(fit.encoder)]
        fits += file.compare(list(dict.fromkeys([*families, *twins])), progress)
    if not any(fit.complete for fit in fits):
        tried = encoders or [*twins, *families, *common_encoders()]
        fits += [fit for name in dict.fromkeys(tried) if (fit := file.aligned(name))]
    best: dict[str, Fit] = {}
    for fit in sorted(fits, key=lambda fit: (not fit.complete, -fit.likeness)):
        best.setdefault(fit.encoder, fit)
    return list(best.values())


class File:
    """The tensors of a checkpoint, and where below them a network may begin."""

    def __init__(self, found: Shapes) -> None:
        """Find the prefixes with enough tensors below them."""
        self.found = found
        counts: Counter[str] = Counter()
        for name in found:
            parts = name.split(".")[:-1]
            counts.update("".join(f"{p}." for p in parts[:n]) for n in range(DEEPEST + 1)
                          if n <= len(parts))  # fmt: skip
        self.below = {
            prefix: {n.removeprefix(prefix): s for n, s in found.items() if n.startswith(prefix)}
            for prefix, count in counts.items()
            if count >= FEWEST
        }

    def has(self, names: Sequence[str]) -> float:
        """The largest share of these names that the file has below one prefix."""
        return max((len(group.keys() & set(names)) / len(names) for group in self.below.values()),
                   default=0.0)  # fmt: skip

    def compare(self, encoders: Sequence[str], progress: Progress) -> list[Fit]:
        """The best fit by names of each encoder that has any, the best first."""
        fits = []
        for number, encoder in enumerate(encoders):
            progress("comparing", number, len(encoders))
            usual = usual_channels(encoder)
            tried = [self.fit(c, p, usual) for c in candidates(encoder, usual) for p in self.below]
            here = [fit for fit in tried if fit]
            if here:
                fit = max(here, key=lambda fit: (fit.complete, fit.likeness))
                fits.append(self._with_own_stem(fit))
        return sorted(fits, key=lambda fit: (not fit.complete, -fit.likeness))

    def fit(self, candidate: Candidate, prefix: str, channels: int) -> Fit | None:
        """How the tensors below a prefix cover an encoder; None where they hardly do."""
        below = self.below[prefix]
        added = candidate.rules[0][1] if candidate.rules else ""
        if len(below) < HALF * len(candidate.own) or (added and prefix.endswith(added)):
            return None
        rules = tuple((pattern.replace("{}", re.escape(prefix)), new)
                      for pattern, new in candidate.rules)  # fmt: skip
        start = candidate.start if rules else prefix
        named = below
        if rules:
            local = [(re.compile(pattern.replace("{}", "")), new) for pattern, new in
                     candidate.rules]  # fmt: skip
            named = {_apply(name, local).removeprefix(start): s for name, s in below.items()}
        return _fit(candidate, channels, prefix, rules, start, named, elements(below.values()))

    def _with_own_stem(self, fit: Fit) -> Fit:
        """The fit with as many input channels as the file's first convolution has."""
        own = encoder_shapes(fit.encoder, fit.channels) or {}
        for name, shape in fit.mismatched.items():
            channels = shape[CHANNELS] if len(shape) == 4 else 0
            if own[name][CHANNELS:] != (fit.channels, *shape[CHANNELS + 1 :]) or not channels:
                continue
            for other in candidates(fit.encoder, channels):
                again = self.fit(other, fit.prefix, channels)
                if again and again.likeness > fit.likeness:
                    fit = again
            break
        return fit

    def aligned(self, encoder: str) -> Fit | None:
        """The fit of an encoder whose tensors have the file's kinds and shapes in its order."""
        channels = usual_channels(encoder)
        own = encoder_shapes(encoder, channels)
        if own is None:
            return None
        wanted = [(name.rpartition(".")[2], shape) for name, shape in own.items()]
        for prefix, below in self.below.items():
            names = list(below)[: len(own)]
            if [(name.rpartition(".")[2], below[name]) for name in names] != wanted:
                continue
            start = "encoder." if not any(n.startswith("encoder.") for n in self.found) else "own."
            pairs = dict.fromkeys(
                (f"{prefix}{theirs}".rpartition(".")[0], mine.rpartition(".")[0])
                for theirs, mine in zip(names, own, strict=True)
            )
            rules = tuple((rf"^{re.escape(old)}\.", f"{start}{new}.") for old, new in pairs)
            named = dict(zip(own, (below[name] for name in names), strict=True))
            total = elements(below.values())
            fit = _fit(Candidate(encoder, own), channels, prefix, rules, start, named, total)
            return replace(fit, by_order=True) if fit else None
        return None


def with_decoder(fit: Fit, found: Shapes, decoder_channels: Sequence[int]) -> Fit | None:
    """The fit of a whole network, where the file has the decoder of one; None where it has not.

    Args:
        fit: Of the encoder.
        found: Shapes by name of the whole file.
        decoder_channels: Of the U-Net that boards build over an encoder.
    """
    rules = list(fit.rename)
    if not rules:
        if not fit.prefix.endswith("encoder."):
            return None
        outer = fit.prefix.removesuffix("encoder.")
        rules += [(f"^{re.escape(outer)}", "")] if outer else []
        if any(name.startswith(f"{outer}segmentation_head.") for name in found):
            rules.append((r"^segmentation_head\.", "head."))
    patterns = [(re.compile(pattern), new) for pattern, new in rules]
    named = {_apply(name, patterns): shape for name, shape in found.items()}
    wanted = decoder_shapes(fit.encoder, fit.channels, tuple(decoder_channels))
    if not wanted or any(named.get(f"decoder.{n}") != shape for n, shape in wanted.items()):
        return None
    return replace(fit, rename=tuple(rules), key_prefix="encoder.")


def _apply(name: str, rules: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, new in rules:
        name = pattern.sub(new, name)
    return name


def _fit(
    candidate: Candidate, channels: int, prefix: str, rules: Rules, start: str, named: Shapes,
    given: int,
) -> Fit | None:  # fmt: skip
    own = candidate.own
    matched = [name for name, shape in own.items() if named.get(name) == shape]
    total = elements(own.values())
    loaded = elements(own[name] for name in matched)
    if loaded < LEAST * total:
        return None
    return Fit(
        encoder=candidate.encoder,
        channels=channels,
        prefix=prefix,
        rename=rules,
        key_prefix=start,
        matched=len(matched),
        given=len(named),
        missing=tuple(name for name in own if name not in named),
        mismatched={name: named[name] for name, shape in own.items()
                    if name in named and named[name] != shape},
        share=loaded / max(1, total),
        likeness=2 * loaded / max(1, total + given),
    )  # fmt: skip
