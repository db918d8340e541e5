"""`segtransfer source check`: checks of a source before boards run it."""

import time
from collections.abc import Callable, Iterator

import torch

from benchmark.cards.source import SourceCard
from benchmark.errors import BenchmarkError, ProtocolError
from benchmark.files import printable, sha256_of
from benchmark.models.networks import SegmentationNetwork, parameter_counts
from benchmark.models.plugins.contract import check_encoder, check_maps
from benchmark.models.plugins.entry_points import plugin, plugin_names
from benchmark.models.weight_store import stored_weights
from benchmark.models.weights import read_tensors
from benchmark.running.cost import forward_gflop
from benchmark.sources.declarations import check_contamination, check_unverified
from benchmark.sources.mini_board import FEW_STEPS, TARGET, MiniBoard
from benchmark.sources.reference import check_reference
from benchmark.sources.report import CheckReport, Finding, Outcome, check_report, listed
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace

FINE_TUNING_STEPS = 20
FIX_BUFFER = "a buffer that changes in forward() must not change in eval()"


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
    return check_report(source.id, source, run_checks(MiniBoard(workspace, source), progress))


def run_checks(board: MiniBoard, progress: Progress = no_progress) -> Iterator[Finding]:
    """All checks in turn; if the weights cannot be loaded, those that need them are skipped."""
    source, loadable = board.source, True
    yield Finding(check="schema", ok=True, result=f"{source.id}, version {source.version}")
    for number, (name, check) in enumerate(CHECKS.items()):
        progress(name, number, len(CHECKS))
        started, outcome = time.perf_counter(), Outcome(None, "not checked: see the failure above")
        if loadable or name in DECLARED:
            outcome = _run(check, board)
        loadable = loadable and (name not in LOADING or outcome.ok is not False)
        seconds = round(time.perf_counter() - started, 2)
        yield Finding(check=name, **outcome._asdict(), seconds=seconds)


def _run(check: Callable[[MiniBoard], Outcome], board: MiniBoard) -> Outcome:
    try:
        return check(board)
    except BenchmarkError as error:  # its line ends with what to type
        result, _, fix = str(error).rpartition("; ")
        return Outcome(False, result or fix, fix if result else "see the result")
    except Exception as error:  # of a library or of another package's network
        fix = "try the network by itself, and `segtransfer --debug run demo_v3 --sources ID`"
        return Outcome(False, _one_line(error), fix)


def check_hash(board: MiniBoard) -> Outcome:
    """The stored file is the one that the card states."""
    source, stored = board.source, stored_weights(board.source, board.workspace)
    path = stored.path(board.workspace)
    if (sha256 := sha256_of(path)) != stored.sha256:
        return Outcome(
            False,
            f"SHA-256 of {path} is {sha256}, {stored.sha256} was stored",
            f"the file was changed; type `segtransfer source import {source.id} --from FILE` with "
            "the right one",
        )
    digits = len(source.weights.sha256 or "") if source.weights else 0
    if digits < 64:
        return Outcome(None, f"sha256:{sha256}; the card states {digits} of 64 digits: state all")
    return Outcome(True, f"sha256:{sha256}")


def check_safe_load(board: MiniBoard) -> Outcome:
    """Nothing but finite tensors, read without running code."""
    path = stored_weights(board.source, board.workspace).path(board.workspace)
    tensors = read_tensors(path, None)
    kind = "safetensors" if path.suffix == ".safetensors" else "PyTorch file, tensors only"
    millions = sum(tensor.numel() for tensor in tensors.values()) / 1e6
    text = f"{len(tensors)} tensors, {millions:.2f} million values, all finite"
    return Outcome(True, f"{kind}: {text}")


def check_coverage(board: MiniBoard) -> Outcome:
    """Every tensor of the parts that the source provides comes from the checkpoint."""
    coverage = board.coverage()
    total = coverage.matched + len(coverage.missing) + len(coverage.mismatched)
    text = f"{coverage.matched} of {total} tensors, {coverage.parameter_share:.1%} of the values"
    if coverage.complete:
        modules = dict.fromkeys(name.rpartition(".")[0] or name for name in coverage.unused)
        unused = f"; in the file but not used: {listed(modules)}" if modules else ""
        return Outcome(True, f"{board.source.encoder}: {text}{unused}")
    return Outcome(
        False,
        f"{text}; missing: {listed(coverage.missing)}; of another shape: "
        f"{listed(coverage.mismatched)}; in the file but not used: {listed(coverage.unused)}",
        "correct key_prefix, rename or encoder on the card (`segtransfer source new` finds them), "
        "or choose a network that ends where the checkpoint does",
    )


def check_feature_maps(board: MiniBoard) -> Outcome:
    """Feature maps at three sizes: a pyramid, or maps of one size in lane `dpt`."""
    encoder = board.source.encoder or ""
    try:
        lines = check_maps(board.network, one_size=board.lane == "dpt")
        if encoder in plugin_names():
            check_encoder(encoder, (board.source.input.channels,))
            lines.append(f"the contract of {plugin(encoder).value} is kept")
    except BenchmarkError:
        raise
    except Exception as error:  # of the library, for a network of one size
        return Outcome(
            False,
            _one_line(error),
            "images of boards are 64 x 64 to 256 x 256; choose a network that takes any multiple "
            "of 32, or bring one (`segtransfer source template`)",
        )
    return Outcome(True, f"lane {board.lane}: {'; '.join(lines)}")


def check_frozen(board: MiniBoard) -> Outcome:
    """No tensor or buffer of a frozen encoder changes in training, and others do."""
    setup = board.set_up("decoder")
    before = _copy(setup.network)
    try:
        setup.fine_tune()
    except ProtocolError as error:
        return Outcome(False, str(error), FIX_BUFFER)
    changed = _different(before, _copy(setup.network))
    frozen = [name for name in changed if name.startswith("encoder.")]
    if frozen:
        text = f"{len(frozen)} tensors of the frozen encoder changed: {listed(frozen)}"
        return Outcome(False, text, FIX_BUFFER)
    if not changed:
        return Outcome(False, "no tensor changed", "the gradient does not reach the decoder")
    total = sum(name.startswith("encoder.") for name in before)
    return Outcome(True, f"{total} tensors and buffers of the encoder are unchanged after training")


def check_determinism(board: MiniBoard) -> Outcome:
    """Two fine-tunings of one seed end with the same bits."""
    states = []
    for _ in range(2):
        setup = board.set_up()
        setup.fine_tune()
        states.append(_copy(setup.network))
    runs = f"two fine-tunings of {FEW_STEPS} steps from one seed"
    if different := _different(*states):
        result = f"{len(different)} tensors differ between {runs}: {listed(different)}"
        return Outcome(False, result, "draw random numbers from torch's global generator only")
    return Outcome(True, f"{runs} agree in all {len(states[0])} tensors")


def check_fine_tuning(board: MiniBoard) -> Outcome:
    """One phantom, from these weights and from scratch on the same network."""
    dice, scratch = (board.dice(name, FINE_TUNING_STEPS) for name in (board.source.id, "scratch"))
    return Outcome(
        None,
        f"synthetic phantom {TARGET}, {FINE_TUNING_STEPS} steps: Dice {dice:.3f}, scratch "
        f"{scratch:.3f}; it trains, which says nothing of real images",
    )


def check_cost(board: MiniBoard) -> Outcome:
    """Parameters, and operations for one image of the boards' size."""
    size = board.board_size
    network = board.network(size)
    total, encoder = (parameter_counts(part)[0] / 1e6 for part in (network, network.encoder))
    return Outcome(
        None,
        f"{total:.2f} million parameters, {encoder:.2f} of them in the encoder; "
        f"{forward_gflop(network, size):.2f} GFLOP for an image of {size} x {size}",
    )


LOADING = ("hash", "safe load", "coverage")
DECLARED = ("contamination", "unverified")
CHECKS: dict[str, Callable[[MiniBoard], Outcome]] = {
    "hash": check_hash,
    "safe load": check_safe_load,
    "coverage": check_coverage,
    "reference": check_reference,
    "feature maps": check_feature_maps,
    "frozen": check_frozen,
    "determinism": check_determinism,
    "contamination": check_contamination,
    "unverified": check_unverified,
    "fine tuning": check_fine_tuning,
    "cost": check_cost,
}


def _copy(network: SegmentationNetwork) -> dict[str, torch.Tensor]:
    state = torch.nn.Module.state_dict(network)
    buffers = dict(network.named_buffers())  # also those that are not saved
    return {name: value.detach().clone() for name, value in {**state, **buffers}.items()}


def _different(state: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    return [name for name, value in other.items() if not value.equal(state[name])]


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {printable((str(error).splitlines() or [''])[0])}"
