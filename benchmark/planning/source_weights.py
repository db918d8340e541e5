"""The weights of a source on this machine, and what its pretraining was exposed to."""

import json
from pathlib import Path
from typing import NamedTuple

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.lanes import encoder_lane
from benchmark.cards.protocol import Decoder
from benchmark.cards.source import Exposure, SourceCard
from benchmark.data.resolve import ResolvedDataset, resolve_dataset
from benchmark.data.splits import hashed_order
from benchmark.errors import CardError, DataError, WeightsError
from benchmark.models.weight_store import stored_weights
from benchmark.planning.exposure import declared_exposure
from benchmark.workspace import Workspace

PRETRAINING_VERSION = 2
FACTS_FILE, WEIGHTS_FILE = "pretraining.json", "model.safetensors"


class SourceWeights(NamedTuple):
    """The checkpoint of a source on this machine.

    Attributes:
        fingerprint: `sha256:<hex>` of the file; `none` for random initialisation.
        path: Of the file; None for random initialisation.
        pretraining_items: How many images or slices an in-suite pretraining learned from; None
            for other sources.
    """

    fingerprint: str
    path: Path | None = None
    pretraining_items: int | None = None


def source_weights(workspace: Workspace, board: BoardCard, source: SourceCard) -> SourceWeights:
    """The checkpoint of a source.

    Raises:
        WeightsError: It is not on this machine.
    """
    if source.provides == "nothing":
        return SourceWeights("none")
    if source.weights:
        stored = stored_weights(source, workspace)
        return SourceWeights("sha256:" + stored.sha256, stored.path(workspace))
    folder = pretrained_folder(workspace, board, source)
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(f"{source.id!r} has not been pretrained yet") from None
    return SourceWeights(facts["sha256"], folder / WEIGHTS_FILE, facts["items"]["train"])


def pretraining_cases(dataset: ResolvedDataset) -> tuple[list[str], list[str]]:
    """Training and validation cases of a pretraining, of different subjects.

    Subset `pretrain` where the data set has one, else `train`. Without subset `val` a tenth of
    the subjects, drawn by a hash of their names, validates.

    Raises:
        DataError: Fewer than two subjects.
    """
    pool, val = dataset.names("pretrain"), []
    if not pool:
        pool, val = dataset.names("train"), dataset.names("val")
    if val:
        return pool, val
    subjects = hashed_order((dataset.cases[name].subject for name in pool), "watch|")
    if len(subjects) < 2:
        raise DataError(f"{dataset.card.id}: pretraining needs two subjects, found {len(subjects)}")
    held_out = set(subjects[: max(1, len(subjects) // 10)])
    val = [name for name in pool if dataset.cases[name].subject in held_out]
    return [name for name in pool if dataset.cases[name].subject not in held_out], val


def source_exposure(workspace: Workspace, source: SourceCard) -> tuple[Exposure, ...]:
    """The pretraining data of a source; the subjects of an in-suite pretraining by name."""
    if source.pretrain is None:
        return declared_exposure(source, workspace.registry)
    dataset = resolve_dataset(workspace, source.pretrain.dataset).where(source.pretrain.where)
    names = [name for subset in pretraining_cases(dataset) for name in subset]
    subjects = tuple(sorted({dataset.cases[name].subject for name in names}))
    return (Exposure(dataset=source.pretrain.dataset, subjects=subjects),)


def pretrained_folder(workspace: Workspace, board: BoardCard, source: SourceCard) -> Path:
    """Folder of an in-suite source's weights, named by a hash of everything they depend on."""
    assert source.pretrain is not None
    dataset = resolve_dataset(workspace, source.pretrain.dataset)
    encoder, decoder = pretraining_network(board, source)
    conditions = [
        PRETRAINING_VERSION,
        source.pretrain.model_dump(),
        source.input.model_dump(),
        encoder,
        *decoder.model_dump(exclude={"encoder"}).values(),
        dataset.fingerprint,
        dataset.split_fingerprint,
    ]
    return workspace.pretrained_folder(source.id, fingerprint(conditions))


def pretraining_network(board: BoardCard, source: SourceCard) -> tuple[str, Decoder]:
    """Encoder and decoder that an in-suite source is pretrained with: those of its own lane.

    Raises:
        CardError: The board has no lane with such a decoder.
    """
    encoder = board.encoder_of(source, board.lanes[0])
    lane = encoder_lane(encoder)
    decoder = board.protocol.decoders.get(lane)
    if decoder is None:
        raise CardError(
            f"source task {source.id!r}: its pretraining on {encoder} needs a decoder of lane "
            f"{lane}, board {board.id!r} has {', '.join(board.lanes)}"
        )
    return encoder, decoder


def is_pretrained(workspace: Workspace, board: BoardCard, source: SourceCard) -> bool:
    """Whether the weights of an in-suite source are on this machine."""
    return (pretrained_folder(workspace, board, source) / FACTS_FILE).is_file()
