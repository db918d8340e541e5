"""Where the weights of a source lie on this machine, and whom its pretraining saw."""

import hashlib
import json
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.task import Saw, SourceCard
from benchmark.data.resolve import ResolvedDataset, resolve_dataset
from benchmark.errors import DataError, WeightsError
from benchmark.models.weight_store import stored_weights
from benchmark.planning.exposure import declared_exposure
from benchmark.workspace import Workspace

PRETRAINING_VERSION = 2


def pretraining_cases(opened: ResolvedDataset) -> tuple[list[str], list[str]]:
    """Cases to learn from and cases to watch it on, of different subjects.

    Raises:
        DataError: Fewer than two subjects.
    """
    pool, val = opened.names("pretrain"), []
    if not pool:
        pool, val = opened.names("train"), opened.names("val")
    if val:
        return pool, val
    subjects = sorted(
        {opened.cases[name].subject for name in pool},
        key=lambda subject: hashlib.sha256(f"watch|{subject}".encode()).hexdigest(),
    )
    if len(subjects) < 2:
        raise DataError(f"{opened.card.id}: pretraining needs two subjects, {len(subjects)} here")
    watched = set(subjects[: max(1, len(subjects) // 10)])
    held = [name for name in pool if opened.cases[name].subject in watched]
    return [name for name in pool if opened.cases[name].subject not in watched], held


def source_exposure(workspace: Workspace, source: SourceCard) -> tuple[Saw, ...]:
    """What a source saw; the subjects of an in-suite pretraining by name."""
    if source.pretrain is None:
        return declared_exposure(source, workspace.registry)
    data = resolve_dataset(workspace, source.pretrain.dataset).where(source.pretrain.where)
    names = [name for part in pretraining_cases(data) for name in part]
    subjects = tuple(sorted({data.cases[name].subject for name in names}))
    return (Saw(dataset=source.pretrain.dataset, subjects=subjects),)


def pretrained_folder(workspace: Workspace, board: BoardCard, source: SourceCard) -> Path:
    """Where the weights of an in-suite source lie, by everything they depend on."""
    assert source.pretrain is not None
    data = resolve_dataset(workspace, source.pretrain.dataset)
    key = fingerprint(
        [
            PRETRAINING_VERSION,
            source.pretrain.model_dump(),
            source.input.model_dump(),
            source.encoder or board.protocol.encoder,
            board.protocol.encoder_depth,
            board.protocol.decoder_channels,
            data.fingerprint,
            data.split_fingerprint,
        ]
    )
    return workspace.pretrained_folder(source.id, key)


def weights_file(workspace: Workspace, board: BoardCard, source: SourceCard) -> Path:
    """The checkpoint of a source that provides one."""
    if source.weights:
        return stored_weights(source, workspace).path(workspace)
    return pretrained_folder(workspace, board, source) / "model.safetensors"


def pretraining_items(workspace: Workspace, board: BoardCard, source: SourceCard) -> int | None:
    """How many images or slices an in-suite pretraining learned from; None for other sources."""
    if source.pretrain is None:
        return None
    facts = pretrained_folder(workspace, board, source) / "pretraining.json"
    return int(json.loads(facts.read_text(encoding="utf-8"))["items"]["train"])


def weights_fingerprint(workspace: Workspace, board: BoardCard, name: str) -> str:
    """SHA-256 of a source's checkpoint, `none` for random initialisation.

    Raises:
        WeightsError: The checkpoint is not on this machine.
    """
    source = workspace.registry.source(name)
    if source.provides == "nothing":
        return "none"
    if source.weights:
        return "sha256:" + stored_weights(source, workspace).sha256
    facts = pretrained_folder(workspace, board, source) / "pretraining.json"
    if not facts.is_file():
        raise WeightsError(f"{name!r} has not been pretrained yet")
    return str(json.loads(facts.read_text(encoding="utf-8"))["sha256"])
