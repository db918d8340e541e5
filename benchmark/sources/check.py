"""`segtransfer source check`: everything that can be known of a source before boards run it."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from benchmark.cards.task import UNKNOWN, SourceCard
from benchmark.errors import BenchmarkError, CardError, ProtocolError
from benchmark.files import printable, sha256_of
from benchmark.models.networks import SegmentationNetwork, parameter_counts
from benchmark.models.plugins.contract import check_encoder, check_pyramid
from benchmark.models.plugins.entry_points import plugin, plugin_names
from benchmark.models.weight_store import StoredWeights, stored_weights
from benchmark.models.weights import read_tensors
from benchmark.planning.exposure import contamination, declared_exposure
from benchmark.running.cell import run_cell
from benchmark.running.cost import forward_gflop
from benchmark.sources.mini_board import BASE, FEW, TARGET, Trial
from benchmark.sources.report import CheckReport, Finding, check_report
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace

FINE_TUNING_SECONDS, LEAST_STEPS, MOST_STEPS = 9.0, 4, 40
STANDS_STILL = "a buffer that changes in forward() has to stop doing so in eval()"
NAMES_SHOWN = 6


class Information(Exception):
    """A finding that is neither right nor wrong."""


class Failed(Exception):
    """A finding that is wrong, and how to mend it."""

    def __init__(self, found: str, mend: str) -> None:
        """Take both."""
        super().__init__(found)
        self.mend = mend


@dataclass(frozen=True)
class Check:
    """One source under test; each method is one check and returns what it found."""

    workspace: Workspace
    source: SourceCard
    device: torch.device = torch.device("cpu")

    def findings(self, progress: Progress = no_progress) -> Iterator[Finding]:
        """All checks in turn; after a failure of the first ones the rest cannot be made."""
        early = (self.hash, self.safe_load, self.coverage)
        late = (self.pyramid, self.frozen, self.determinism, self.contamination, self.fine_tuning,
                self.cost)  # fmt: skip
        broken = False
        for number, check in enumerate((*early, *late)):
            name = check.__name__.replace("_", " ")
            progress(name, number, len(early) + len(late))
            if broken and check != self.contamination:
                yield Finding(check=name, ok=None, found="not checked: see what failed above")
                continue
            finding = _made(name, check)
            yield finding
            broken = broken or (check in early and finding.ok is False)

    @cached_property
    def trial(self) -> Trial:
        """The source on a small board."""
        return Trial(self.workspace, self.source, self.device)

    @cached_property
    def stored(self) -> StoredWeights:
        """The checkpoint on this machine."""
        return stored_weights(self.source, self.workspace)

    def hash(self) -> str:
        """The file is the one that the card says."""
        path = self.stored.path(self.workspace)
        if (found := sha256_of(path)) != self.stored.sha256:
            raise Failed(
                f"SHA-256 of {path} is {found}, {self.stored.sha256} was stored",
                f"the file was changed; type `segtransfer source import {self.source.id} --from "
                "FILE` with the right one",
            )
        assert self.source.weights is not None
        known = len(self.source.weights.sha256 or "")
        text = f"sha256:{found}"
        if known < 64:
            raise Information(f"{text}; the card knows {known} of 64 digits: put all of them there")
        return text

    def safe_load(self) -> str:
        """Nothing but finite tensors, read without running code."""
        path = self.stored.path(self.workspace)
        tensors = read_tensors(path, None)
        kind = "safetensors" if path.suffix == ".safetensors" else "PyTorch file, tensors only"
        values = sum(tensor.numel() for tensor in tensors.values())
        return f"{kind}: {len(tensors)} tensors, {values / 1e6:.2f} million values, all finite"

    def coverage(self) -> str:
        """Every tensor of what the source provides comes from the checkpoint."""
        found = self.trial.coverage()
        total = found.matched + len(found.missing) + len(found.mismatched)
        text = f"{found.matched} of {total} tensors, {found.parameter_share:.1%} of the values"
        if found.complete:
            tops = dict.fromkeys(name.partition(".")[0] for name in found.unused)
            rest = f"; in the file but not used: {_some(tops)}" if tops else ""
            return f"{self.source.encoder}: {text}{rest}"
        raise Failed(
            f"{text}; missing: {_some(found.missing)}; of another shape: "
            f"{_some(found.mismatched)}; in the file but not used: {_some(found.unused)}",
            "correct key_prefix, rename or encoder on the card (`segtransfer source new` finds "
            "them), or choose a network that ends where the checkpoint does",
        )

    def pyramid(self) -> str:
        """Feature maps at three sizes."""
        try:
            told = check_pyramid(self.trial.network)
            if self.source.encoder in plugin_names():
                check_encoder(self.source.encoder, (self.source.input.channels,))
                told.append(f"the contract of {plugin(self.source.encoder).value} is kept")
            return "; ".join(told)
        except BenchmarkError:
            raise
        except Exception as error:  # the library's own, of a network with one size
            raise Failed(
                f"{type(error).__name__}: {_first(error)}",
                "boards feed 64 x 64 to 256 x 256; choose a network that takes any multiple of "
                "32, or bring one (`segtransfer source template`)",
            ) from None

    def frozen(self) -> str:
        """With a frozen encoder nothing of it moves, buffers included, and the rest does."""
        setup = self.trial.set_up("decoder")
        network, before = setup.network, _copy(setup.network)
        try:
            setup.fine_tune()
        except ProtocolError as error:
            raise Failed(str(error), STANDS_STILL) from None
        moved = [name for name, value in _copy(network).items() if not value.equal(before[name])]
        inside = [name for name in moved if name.startswith("encoder.")]
        if inside:
            raise Failed(
                f"{len(inside)} tensors of the frozen encoder moved: {_some(inside)}",
                STANDS_STILL,
            )
        if not moved:
            raise Failed("nothing moved at all", "the gradient does not reach the decoder")
        still = sum(name.startswith("encoder.") for name in before)
        return f"{still} tensors and buffers of the encoder are bit for bit the same after training"

    def determinism(self) -> str:
        """Two fine-tunings of one seed end with the same bits."""
        ends = []
        for _ in range(2):
            setup = self.trial.set_up()
            setup.fine_tune()
            ends.append(_copy(setup.network))
        moved = [name for name, value in ends[0].items() if not value.equal(ends[1][name])]
        if moved:
            raise Failed(
                f"{len(moved)} tensors differ between two runs of one seed: {_some(moved)}",
                "draw random numbers from torch's global generator only",
            )
        return f"two fine-tunings of {FEW} steps from one seed agree in all {len(ends[0])} tensors"

    def contamination(self) -> str:
        """What the source saw, against every target of the registry."""
        seen = declared_exposure(self.source, self.workspace.registry)
        if not seen:
            raise Information(
                "the card names nothing that it saw; unknown data are `saw: [{dataset: unknown, "
                "subjects: unknown}]`"
            )
        flagged = {}
        for target in self.workspace.registry.targets.values():
            try:
                rows = self.workspace.registry.split(target.dataset)
            except CardError:  # a rule draws it, or nobody has yet
                rows = ()
            if reasons := contamination(seen, self.workspace.registry, target.dataset, rows):
                flagged[target.id] = "; ".join(reasons)
        known = {*self.workspace.registry.datasets, UNKNOWN}
        others = [printable(saw.dataset) for saw in seen if saw.dataset not in known]
        by_name = f"; compared by name alone: {', '.join(others)}" if others else ""
        if flagged:
            lines = "; ".join(f"{name} ({reason})" for name, reason in flagged.items())
            count = f"{len(flagged)} of {len(self.workspace.registry.targets)} targets"
            raise Information(f"{count} are not clean: {lines}{by_name}")
        return f"clean on all {len(self.workspace.registry.targets)} targets{by_name}"

    def fine_tuning(self) -> str:
        """One phantom, from these weights and from scratch on the same network."""
        setup, started = self.trial.set_up(), time.perf_counter()
        setup.fine_tune()
        each = (time.perf_counter() - started) / FEW
        steps = int(min(MOST_STEPS, max(LEAST_STEPS, FINE_TUNING_SECONDS / each)))
        dice = {}
        for name in (self.source.id, "scratch"):
            transfer = self.trial.transfer(name, steps=steps)
            workspace = replace(self.workspace, registry=self.trial.cards(steps))
            record = run_cell(transfer, workspace, self.device).record
            scores = [case.scores["dice"] for case in record.cases]
            dice[name] = sum(scores) / len(scores)
        raise Information(
            f"synthetic phantom {TARGET}, {steps} steps: Dice {dice[self.source.id]:.3f}, "
            f"scratch {dice['scratch']:.3f}"
        )

    def cost(self) -> str:
        """Parameters, and operations for one image of the boards' size."""
        size = self.workspace.registry.board(BASE).protocol.input_size
        network = self.trial.network(size)
        whole, encoder = parameter_counts(network)[0], parameter_counts(network.encoder)[0]
        raise Information(
            f"{whole / 1e6:.2f} million parameters, {encoder / 1e6:.2f} of them in the encoder; "
            f"{forward_gflop(network, size, self.device):.2f} GFLOP for an image of {size} x {size}"
        )


def _made(name: str, check: Callable[[], str]) -> Finding:
    ok: bool | None = True
    started, mend = time.perf_counter(), ""
    try:
        found = check()
    except Information as told:
        ok, found = None, str(told)
    except Failed as failed:
        ok, found, mend = False, str(failed), failed.mend
    except BenchmarkError as error:  # its line ends with what to type
        ok, (found, _, mend) = False, str(error).rpartition("; ")
        found, mend = (found, mend) if found else (mend, "see what was found")
    except Exception as error:  # of a library or of a plugged network
        ok, found = False, f"{type(error).__name__}: {_first(error)}"
        mend = "try the network by itself, and `segtransfer --debug run demo_v1 --sources ID`"
    return Finding(check=name, ok=ok, found=found, mend=mend,
                   seconds=round(time.perf_counter() - started, 2))  # fmt: skip


def _copy(network: SegmentationNetwork) -> dict[str, torch.Tensor]:
    state = torch.nn.Module.state_dict(network)
    buffers = dict(network.named_buffers())  # those that are not saved too
    return {name: value.detach().clone() for name, value in {**state, **buffers}.items()}


def _some(names: Iterable[str]) -> str:
    listed = [printable(name) for name in names]
    more = f", ... ({len(listed)})" if len(listed) > NAMES_SHOWN else ""
    return ", ".join(listed[:NAMES_SHOWN]) + more or "none"


def _first(error: Exception) -> str:
    return printable((str(error).splitlines() or [""])[0])


def check_source(
    workspace: Workspace, source: SourceCard, progress: Progress = no_progress
) -> CheckReport:
    """Check a source before boards run it: offline, about a minute on two cores.

    Args:
        workspace: All cards and the source's weights.
        source: The card of a source with a weights file.
        progress: Receives the name of each check.

    Returns:
        The findings; `passed` is False if any failed.
    """
    schema = Finding(check="schema", ok=True, found=f"{source.id}, version {source.version}")
    findings = Check(workspace, source).findings(progress)
    return check_report(source.id, source, [schema, *findings])
