"""Pre-labelling: a network fine-tuned on few labelled cases proposes labels for the others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import safetensors
import torch

from benchmark.cards.dataset import DatasetCard
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import load_case
from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.data.readers.label_maps import label_file, write_labels
from benchmark.data.resolve import ResolvedDataset
from benchmark.data.slices import from_slices, plane_spacing
from benchmark.errors import DataError, WeightsError
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.weights import read_tensors, save_network
from benchmark.planning.transfers import Transfer
from benchmark.prelabel.proposals import Proposal, refuse_corrected, write_data_set
from benchmark.running.inference import native_probabilities
from benchmark.running.setup import initial_network, prepare_target, set_up
from benchmark.scoring.biometry import area_cm2
from benchmark.workers import Progress
from benchmark.workspace import Workspace

NETWORK = "network.safetensors"


def tuned_network(
    transfer: Transfer, workspace: Workspace, device: torch.device, progress: Progress
) -> SegmentationNetwork:
    """The network of a cell, fine-tuned as the cell is: the same weights on the same CPU.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards say.
    """
    setup = set_up(transfer, workspace, device, progress=progress)
    setup.fine_tune(progress=progress)
    return setup.network


def kept_network(path: Path, transfer: Transfer, device: torch.device) -> SegmentationNetwork:
    """The network of a cell as an earlier pre-labelling kept it.

    Raises:
        WeightsError: The file is missing, damaged, or of another cell.
    """
    tensors = read_tensors(path, None)
    try:
        with safetensors.safe_open(path, "pt") as file:
            key = (file.metadata() or {}).get("key")
    except safetensors.SafetensorError:
        key = None
    if key != transfer.key:
        raise WeightsError(
            f"{path}: is not the network of {transfer.cell.path} under the cards and data of now; "
            "leave --weights out to fine-tune it"
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
    """Write label maps, what they mean, how sure they are, a card and, last, the manifest.

    Args:
        network: Fine-tuned.
        transfer: Its cell.
        card: How the cases are read.
        cases: Without masks.
        out: Folder of the new data set; what a person may have corrected is never overwritten.
        name: Its id.
        progress: Told of each case.

    Returns:
        The least sure first.

    Raises:
        DataError: The folder holds proposals already, a case cannot be read, or the disk refuses.
    """
    refuse_corrected(out)
    save_network(_made(out) / NETWORK, network, {"key": transfer.key})
    opened = ResolvedDataset(card, {case.case: case for case in cases}, (), "unlabelled", False, 0)
    bare = replace(transfer, target=transfer.target.model_copy(update={"labels": {}}))
    proposals = []
    with TemporaryDirectory(dir=out, prefix=".") as scratch:
        data = prepare_target(bare, opened, Path(scratch), progress)
        for number, prepared in enumerate(data.cases):
            progress("predicting", number, len(cases))
            proposals.append(_propose(network, transfer, data, prepared, opened, out / "labels"))
    proposals.sort(key=lambda one: (one.mean_probability or 0.0, one.case.case))
    write_data_set(out, name, card, transfer, proposals)
    return proposals


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror})") from None
    return folder


def _propose(
    network: SegmentationNetwork,
    transfer: Transfer,
    data: PreparedDataset,
    prepared: PreparedCase,
    opened: ResolvedDataset,
    folder: Path,
) -> Proposal:
    target, case = transfer.target, opened.cases[prepared.case]
    batch = transfer.protocol.batch_size
    planes, sure = [], []
    for part in native_probabilities(network, data, prepared, batch):
        best, labels = part.max(1)
        planes.append(labels.to(torch.uint8).cpu().numpy())
        sure.append(best[labels > 0].double().cpu().numpy())
    found = np.concatenate(planes)
    write_labels(
        folder / label_file(case),
        np.ascontiguousarray(from_slices(found, target.slice_axis), np.uint8),
        case,
    )
    loaded, chances = load_case(opened.card, case), np.concatenate(sure)
    spacing = plane_spacing(loaded, target.slice_axis) if loaded.spacing_mm else None
    areas: dict[str, float | None] = dict.fromkeys(target.labels)
    if spacing:
        for number, label in enumerate(target.labels, start=1):
            sizes = [area_cm2(plane, spacing) for plane in found == number if plane.any()]
            areas[label] = float(np.mean(sizes)) if sizes else 0.0
    pixel = loaded.spacing_mm[0] if loaded.spacing_mm and loaded.mask.ndim == 2 else None
    return Proposal(case, float(chances.mean()) if chances.size else None, areas, pixel)
