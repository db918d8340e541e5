"""The weights of a source on this machine, and what its pretraining was exposed to."""

import json
import logging
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.lanes import encoder_lane
from benchmark.cards.protocol import Decoder
from benchmark.cards.source import Exposure, SourceCard
from benchmark.data.resolve import ResolvedDataset, resolve_dataset
from benchmark.data.splits import hashed_order
from benchmark.errors import CardError, DataError, WeightsError
from benchmark.files import printable, sha256_of
from benchmark.models.weight_store import stored_weights
from benchmark.planning.exposure import declared_exposure
from benchmark.workspace import Workspace

PRETRAINING_VERSION = 2
LOG = logging.getLogger("segtransfer")
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
    if not is_whole(folder):
        raise WeightsError(f"{source.id!r} has not been pretrained yet")
    facts = read_facts(folder)
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
    """Whether the weights of an in-suite source are on this machine, undamaged."""
    return is_whole(pretrained_folder(workspace, board, source))


def is_whole(folder: Path) -> bool:
    """Whether a pretraining is complete: its weights are those that pretraining.json names.

    What is damaged counts as missing, with one line of notice: it is made again.
    """
    if not (folder / FACTS_FILE).is_file():
        return False
    weights = folder / WEIGHTS_FILE
    try:
        facts, state = read_facts(folder), os.stat(weights)
        expected = str(facts["sha256"]), int(facts["items"]["train"])
        if _digest(weights, state.st_size, state.st_mtime_ns) == expected[0]:
            return True
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    LOG.warning("%s: this pretraining is damaged, it is made again", printable(folder))
    (folder / FACTS_FILE).unlink(missing_ok=True)
    return False


@lru_cache(maxsize=256)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    """As pretraining.json states it; once a process, as long as the file is the same."""
    return "sha256:" + sha256_of(path)


def with_checksum(facts: dict[str, Any]) -> str:
    """The text of pretraining.json."""
    plain = json.loads(json.dumps(facts))
    return json.dumps(plain | {"checksum": fingerprint(plain)}, indent=1) + "\n"


def read_facts(folder: Path) -> dict[str, Any]:
    """The content of a pretraining's facts.

    Raises:
        OSError: It is not there.
        ValueError: It is damaged.
    """
    facts: dict[str, Any] = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    checksum = facts.pop("checksum", None)  # files of the first release have none
    if checksum not in (None, fingerprint(facts)):
        raise ValueError(f"{folder / FACTS_FILE}: damaged")
    return facts
