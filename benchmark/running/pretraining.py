"""In-suite source tasks: each is pretrained once, on request or when a board first needs it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock

from benchmark.cards.board import BoardCard
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.pretraining import Pretraining
from benchmark.cards.source import SourceCard
from benchmark.data.prepared_arrays import PreparedDataset, prepare
from benchmark.data.preprocessing import Preprocessing
from benchmark.data.resolve import resolve_dataset
from benchmark.errors import DataError, Diverged
from benchmark.files import sha256_of, write_text
from benchmark.models.networks import build_network
from benchmark.models.weights import save_network
from benchmark.planning.source_weights import (
    FACTS_FILE,
    WEIGHTS_FILE,
    is_whole,
    pretrained_folder,
    pretraining_cases,
    pretraining_network,
    with_checksum,
)
from benchmark.records.record import Failure
from benchmark.records.record_files import read_strictly
from benchmark.running.devices import environment, libraries, one_thread, processor
from benchmark.running.divergence import failure
from benchmark.training.batches import to_device
from benchmark.training.pretraining.loop import pretrain
from benchmark.training.pretraining.objectives import OBJECTIVES, LabelledSlices, Objective
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace

CHECKPOINT_FILE, FAILURE_FILE = "checkpoint.pt", "diverged.json"
MAX_VALIDATION_SLICES = 512
MIN_CONTENT = 0.05


def ensure_pretrained(
    workspace: Workspace,
    board: BoardCard,
    device: torch.device | str,
    source: SourceCard,
    progress: Progress = no_progress,
    *,
    wait: bool = True,
    retry_failed: bool = False,
) -> Path:
    """Folder with model.safetensors and pretraining.json; pretrains if it is not there yet.

    A second process waits for the first, if it is to `wait`. A stopped pretraining is resumed from
    its last evaluation; one that diverged is not repeated, unless that is asked for. What is
    damaged is made again. On a CPU one thread works: the weights do not depend on the number of
    jobs.

    Raises:
        Diverged: The training diverges, or did before.
        Timeout: Another process is pretraining it, and this one is not to wait.
        BenchmarkError: The data or the recipe are not what the cards state.
    """
    folder = pretrained_folder(workspace, board, source)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock", timeout=-1 if wait else 0):
        if not is_whole(folder):
            _refuse_diverged(folder, retry_failed)
            try:
                with one_thread():
                    _pretrain(workspace, board, torch.device(device), source, folder, progress)
            except Diverged as error:
                write_text(folder / FAILURE_FILE, failure(error).model_dump_json(indent=1) + "\n")
                raise
    return folder


def _refuse_diverged(folder: Path, retry: bool) -> None:
    """Raise the divergence of an earlier attempt, or forget it."""
    path = folder / FAILURE_FILE
    if retry:
        for stale in (path, folder / CHECKPOINT_FILE):
            stale.unlink(missing_ok=True)
    elif path.is_file():
        failed = read_strictly(path, Failure, "delete it")
        raise Diverged(failed.reason, failed.step, failed.learning_rate)


def _pretrain(
    workspace: Workspace,
    board: BoardCard,
    device: torch.device,
    source: SourceCard,
    folder: Path,
    progress: Progress,
) -> None:
    recipe = source.pretrain
    assert recipe is not None
    dataset = resolve_dataset(workspace, recipe.dataset).where(recipe.where)
    train_cases, val_cases = pretraining_cases(dataset)
    prepared = prepare(
        dataset.card,
        [dataset.cases[name] for name in (*train_cases, *val_cases)],
        dataset.fingerprint,
        _preprocessing(recipe, dataset.card),
        workspace.prepared,
        progress,
    )
    train_rows = choose_slices(prepared, train_cases, recipe.max_items)
    val_rows = choose_slices(prepared, val_cases, MAX_VALIDATION_SLICES)
    objective = _objective(board, source, recipe, dataset.card, prepared.images.shape[1])
    result = pretrain(
        objective.to(device),
        labelled_slices(prepared, train_rows, device),
        labelled_slices(prepared, val_rows, device),
        recipe,
        folder / CHECKPOINT_FILE,
        lambda done, total: progress(f"pretraining {source.id}", done, total),
    )
    only = "encoder." if source.provides == "encoder" else ""
    save_network(folder / WEIGHTS_FILE, objective.network, {"source": source.id}, only=only)
    facts = {
        "source": source.id,
        "sha256": "sha256:" + sha256_of(folder / WEIGHTS_FILE),
        "recipe": recipe.model_dump(mode="json"),
        "saw": {
            "dataset": dataset.card.id,
            "trained_on": subjects_of(prepared, train_rows),
            "watched_on": subjects_of(prepared, val_rows),
        },
        "items": {"train": len(train_rows), "val": len(val_rows)},
        "chance": result.chance,
        "curve": result.curve,
        "environment": environment(device).model_dump() | libraries() | {"processor": processor()},
    }
    write_text(folder / FACTS_FILE, with_checksum(facts))
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)


def choose_slices(
    prepared: PreparedDataset, names: list[str], limit: int | None
) -> npt.NDArray[np.int64]:
    """Rows of slices with content (5 % of their pixels above 0); smaller limits are nested.

    Raises:
        DataError: No slice has content.
    """
    rows = prepared.rows(names)
    content = [float((prepared.images[row] > 0).mean()) >= MIN_CONTENT for row in rows]
    rows = rows[np.array(content, bool)]
    if not len(rows):
        raise DataError("no slice with content to pretrain on")
    if limit is not None and limit < len(rows):
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:limit])
    return rows


def labelled_slices(
    prepared: PreparedDataset, rows: npt.NDArray[np.int64], device: torch.device
) -> LabelledSlices:
    """These slices on the device."""
    classes = np.repeat(
        [-1 if case.category is None else case.category for case in prepared.cases],
        [case.slices for case in prepared.cases],
    )
    return LabelledSlices(
        to_device(prepared.images[rows], device),
        to_device(prepared.masks[rows], device),
        torch.from_numpy(classes[rows]).to(device),
    )


def subjects_of(prepared: PreparedDataset, rows: npt.NDArray[np.int64]) -> list[str]:
    """Subjects of these slices, sorted."""
    cases = prepared.cases
    names = np.repeat([case.subject for case in cases], [case.slices for case in cases])
    return sorted(set(names[rows].tolist()))


def _preprocessing(recipe: Pretraining, card: DatasetCard) -> Preprocessing:
    labels = card.labels if recipe.objective == "segmentation" else ()
    return Preprocessing(
        labels=tuple((label, (label,)) for label in labels),
        intensity=recipe.intensity,
        slice_axis=recipe.slice_axis,
        input_size=recipe.input_size,
    )


def _objective(
    board: BoardCard, source: SourceCard, recipe: Pretraining, card: DatasetCard, channels: int
) -> Objective:
    """The objective, its network initialised from the seed; `channels` are those of the images."""
    torch.manual_seed(recipe.seed)
    if recipe.objective == "classification" and len(card.classes) < 2:
        raise DataError(f"{card.id}: classification needs `classes` on the data set's card")
    outputs = {"segmentation": len(card.labels) + 1, "restoration": channels}
    encoder, decoder = pretraining_network(board, source)
    network = build_network(
        encoder,
        channels=source.input.channels,
        classes=outputs.get(recipe.objective, 1),
        input_size=recipe.input_size,
        decoder=decoder,
        normalisation_mean=source.input.mean,
        normalisation_std=source.input.std,
    )
    return OBJECTIVES[recipe.objective](network, len(card.classes), recipe.augmentation)
