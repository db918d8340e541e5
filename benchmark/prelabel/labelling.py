"""Pre-labelling: a network fine-tuned on few labelled cases proposes labels for the others."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import safetensors
import torch
from safetensors.torch import save as serialised

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.target import TargetCard
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import load_case
from benchmark.data.readers.label_maps import label_file, write_labels
from benchmark.data.resolve import ResolvedDataset
from benchmark.data.slices import from_slices, plane_spacing
from benchmark.errors import DataError, WeightsError
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.weights import read_tensors, save_network
from benchmark.planning.transfers import Transfer
from benchmark.prelabel.proposals import Proposal, refuse_corrected, write_data_set
from benchmark.running.inference import native_probabilities
from benchmark.running.setup import initial_network, set_up
from benchmark.running.target_data import load_target, prepare_target
from benchmark.scoring.biometry import area_cm2
from benchmark.workers import Progress
from benchmark.workspace import Workspace

NETWORK_FILE = "network.safetensors"


def tuned_network(
    transfer: Transfer, workspace: Workspace, device: torch.device, progress: Progress
) -> SegmentationNetwork:
    """The network of a cell, fine-tuned as the cell is: the same weights on the same CPU.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards state.
    """
    setup = set_up(load_target(transfer, workspace, progress), workspace, device)
    setup.fine_tune(progress=progress)
    return setup.network


def kept_network(path: Path, transfer: Transfer, device: torch.device) -> SegmentationNetwork:
    """The network of a cell that an earlier pre-labelling kept.

    Raises:
        WeightsError: The file is missing, damaged, or of another cell.
    """
    tensors = read_tensors(path, None)
    try:
        with safetensors.safe_open(path, "pt") as file:
            stated = file.metadata() or {}
    except safetensors.SafetensorError:
        stated = {}
    if stated.get("key") != transfer.key:
        raise WeightsError(
            f"{path}: is not the network of {transfer.cell.path} under the present cards and data; "
            "leave --weights out to fine-tune it"
        )
    if stated.get("sha256") != _sha256(tensors):
        raise WeightsError(
            f"{path}: is damaged; leave --weights out to fine-tune the network again"
        )
    network = initial_network(transfer, device)
    network.load_state_dict(tensors)
    return network


def prelabel(
    network: SegmentationNetwork,
    transfer: Transfer,
    card: DatasetCard,
    cases: Sequence[Case],
    out: Path,
    name: str,
    progress: Progress,
) -> list[Proposal]:
    """Write label maps, label names, probabilities, a card and, last, the manifest.

    Args:
        network: Fine-tuned.
        transfer: Its cell.
        card: How the cases are read.
        cases: Without masks.
        out: Folder of the new data set; label maps that may be corrected are never overwritten.
        name: Its id.
        progress: Receives each case.

    Returns:
        Proposals, the least certain first.

    Raises:
        DataError: The folder has proposals already, a case cannot be read, or the disk is full.
    """
    refuse_corrected(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror})") from None
    stated = {"key": transfer.key, "sha256": _sha256(network.state_dict())}
    save_network(out / NETWORK_FILE, network, stated)
    dataset = ResolvedDataset(card, {case.case: case for case in cases}, (), "unlabelled", False)
    unlabelled = replace(transfer, target=transfer.target.model_copy(update={"labels": {}}))
    proposals = []
    with TemporaryDirectory(dir=out, prefix=".") as scratch:
        data = prepare_target(unlabelled, dataset, Path(scratch), progress)
        for number, prepared in enumerate(data.cases):
            progress("predicting", number, len(cases))
            batch_size = transfer.protocol.batch_size
            slices = native_probabilities(network, data, prepared, batch_size)
            case = dataset.cases[prepared.case]
            proposals.append(_propose(slices, transfer.target, card, case, out / "labels"))
    proposals.sort(key=lambda proposal: (proposal.mean_probability or 0.0, proposal.case.case))
    write_data_set(out, name, card, transfer, proposals)
    return proposals


def _sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of names, shapes and values, in hexadecimal."""
    plain = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    return hashlib.sha256(serialised(plain)).hexdigest()


def _propose(
    slices: Iterable[torch.Tensor],
    target: TargetCard,
    card: DatasetCard,
    case: Case,
    folder: Path,
) -> Proposal:
    """Write the label map of a case, from class probabilities (slices, classes, rows, columns)."""
    label_slices, label_probabilities = [], []
    for probabilities in slices:
        highest, labels = probabilities.max(1)
        label_slices.append(labels.to(torch.uint8).cpu().numpy())
        label_probabilities.append(highest[labels > 0].double().cpu().numpy())
    label_map, certainty = np.concatenate(label_slices), np.concatenate(label_probabilities)
    volume = np.ascontiguousarray(from_slices(label_map, target.slice_axis), np.uint8)
    write_labels(folder / label_file(case), volume, case)
    loaded = load_case(card, case)
    areas: dict[str, float | None] = dict.fromkeys(target.labels)
    if loaded.spacing_mm:
        spacing = plane_spacing(loaded, target.slice_axis)
        for number, label in enumerate(target.labels, start=1):
            sizes = [area_cm2(plane, spacing) for plane in label_map == number if plane.any()]
            areas[label] = float(np.mean(sizes)) if sizes else 0.0
    pixel = loaded.spacing_mm[0] if loaded.spacing_mm and loaded.mask.ndim == 2 else None
    return Proposal(case, float(certainty.mean()) if certainty.size else None, areas, pixel)
