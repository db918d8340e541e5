"""Drafts of source cards, from a checkpoint and the facts that its owner states."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from benchmark.cards.card import check_model
from benchmark.cards.protocol import Decoder
from benchmark.cards.registry import Registry
from benchmark.cards.source import UNKNOWN, Exposure, HubFile, SourceCard
from benchmark.errors import CardError, WeightsError
from benchmark.files import printable, sha256_of, write_text
from benchmark.models.checkpoints.identify import EncoderMatch, identify, with_decoder
from benchmark.models.checkpoints.read import open_checkpoint
from benchmark.models.checkpoints.state_dict import Checkpoint
from benchmark.models.encoders import TensorShapes
from benchmark.models.timm_models import timm_weights
from benchmark.models.weight_store import fetch_from_hub, keep_weights
from benchmark.models.weights import save_tensors
from benchmark.workers import Progress
from benchmark.workspace import Workspace

HUB_FILES = ("model.safetensors", "pytorch_model.bin")
GROUPS = ("all", "train", "pretrain", "unknown")
LEAST_SIMILARITY = 0.3


@dataclass(frozen=True)
class CheckpointOrigin:
    """A checkpoint on this machine, its origin, and facts that its publisher states."""

    path: Path
    description: str
    hub: HubFile | None = None
    encoder: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    licence: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExaminedCheckpoint:
    """A checkpoint that was read and identified.

    Attributes:
        origin: Its origin.
        checkpoint: Its tensors.
        match: The encoder.
        with_decoder: The match of the complete network; None if the checkpoint has no decoder.
        similar: Other encoders, the most similar first.
    """

    origin: CheckpointOrigin
    checkpoint: Checkpoint
    match: EncoderMatch
    with_decoder: EncoderMatch | None
    similar: tuple[EncoderMatch, ...]


def new_card_path(registry: Registry, name: str, folder: Path) -> Path:
    """The path of a new card.

    Raises:
        CardError: The name is not an id, or exists already.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", name):
        raise CardError(f"{printable(name)!r} is not an id; use a-z, digits and underscores")
    path = folder / "tasks" / "source" / f"{name}.yaml"
    if name in registry.sources or path.exists():
        raise CardError(f"there is a source task {name!r} already; choose another name")
    return path


def parse_exposure(texts: Sequence[str]) -> tuple[Exposure, ...]:
    """The pretraining data from `DATASET:SUBJECTS`, `unknown` or `none`.

    SUBJECTS is all, train, pretrain, unknown (also if left out), or names with commas.

    Raises:
        CardError: A data set is empty, or `none` is given with others.
    """
    if tuple(texts) == ("none",):
        return ()
    exposure = []
    for text in texts:
        dataset, _, subjects = (part.strip() for part in text.partition(":"))
        if not dataset or dataset == "none":
            expected = "expected DATASET:SUBJECTS, unknown or none"
            raise CardError(f"--saw {printable(text)!r}: {expected}")
        names = tuple(name.strip() for name in subjects.split(",") if name.strip())
        group: Any = subjects if subjects in GROUPS else names or UNKNOWN
        exposure.append(Exposure(dataset=dataset, subjects=group))
    return tuple(exposure)


def locate_checkpoint(address: str, workspace: Workspace) -> CheckpointOrigin:
    """The checkpoint at `FILE`, `timm:NAME` or `hf:REPO@REV[:FILE]`, downloaded if necessary.

    Raises:
        WeightsError: The file, model or repository does not exist, or does not answer.
    """
    kind, _, name = address.partition(":")
    if kind == "timm":
        model = timm_weights(name)
        file = model.hf_hub_filename or HUB_FILES[0]
        origin = _from_hub(model.hf_hub_id, None, (file,), workspace)
        return replace(origin, encoder=f"tu-{name.partition('.')[0]}", mean=model.mean,
                       std=model.std, licence=model.license)  # fmt: skip
    if kind == "hf":
        match = re.fullmatch(r"(?P<repo>[^@:]+/[^@:]+)@(?P<revision>[^@:]+)(:(?P<file>.+))?", name)
        if match is None:
            expected = "expected hf:OWNER/NAME@REVISION or ...@REVISION:FILE"
            raise WeightsError(f"{printable(address)}: {expected}")
        files = (match["file"],) if match["file"] else HUB_FILES
        return _from_hub(match["repo"], match["revision"], files, workspace)
    if not (path := Path(address)).is_file():
        raise WeightsError(f"{printable(address)}: no such file; or write timm:NAME or hf:REPO@REV")
    return CheckpointOrigin(path, f"file {printable(path.name)}")


def _from_hub(
    repo: str, revision: str | None, files: Sequence[str], workspace: Workspace
) -> CheckpointOrigin:
    """The first of the files that the repository has."""
    file, *others = files
    try:
        path, commit = fetch_from_hub(repo, file, revision, workspace)
    except WeightsError:
        if not others:
            raise
        return _from_hub(repo, revision, others, workspace)
    hub = HubFile(repo=repo, file=file, revision=commit)
    return CheckpointOrigin(path, f"{repo}@{commit}, {file}", hub)


def examine(
    origin: CheckpointOrigin, *, encoder: str | None, part: str, decoder: Decoder,
    progress: Progress,
) -> ExaminedCheckpoint:  # fmt: skip
    """Read a checkpoint and identify its network.

    Args:
        origin: Of the checkpoint.
        encoder: The only one to compare with; None compares with all.
        part: Key of the group of tensors, see `find_state_dict`.
        decoder: That boards build over the encoder.
        progress: Receives each stage.

    Raises:
        WeightsError: It cannot be read safely, or no known network is similar.
    """
    checkpoint = open_checkpoint(origin.path, part)
    shapes: TensorShapes = {name: tuple(t.shape) for name, t in checkpoint.tensors.items()}
    matches = identify(
        shapes, (encoder,) if (encoder := encoder or origin.encoder) else (), progress
    )
    best = matches[0] if matches else None
    if best is None or best.similarity < LEAST_SIMILARITY and not best.complete:
        nearest = f"; the nearest is {best.encoder}, {best.coverage:.0%} covered" if best else ""
        volumes = any(len(shape) == 5 for shape in shapes.values())
        advice = "its convolutions are 3-D, networks here are 2-D" if volumes else "give --encoder"
        first = ", ".join(printable(name) for name in list(shapes)[:3])
        raise WeightsError(
            f"{printable(origin.path)}: {len(shapes)} tensors ({first}, ...) are not similar to "
            f"{encoder or 'any known network'}{nearest}; {advice}, or bring your own network "
            "(`segtransfer source template`)"
        )
    return ExaminedCheckpoint(
        origin=origin,
        checkpoint=checkpoint,
        match=best,
        with_decoder=with_decoder(best, shapes, decoder),
        similar=tuple(matches[1:6]),
    )


def write_draft(
    path: Path,
    examined: ExaminedCheckpoint,
    facts: Mapping[str, Any],
    statistics: tuple[Sequence[float], Sequence[float]],
    workspace: Workspace,
) -> SourceCard:
    """Keep the weights, as safetensors, and write the card.

    Args:
        path: Of the card.
        examined: The checkpoint.
        facts: title, domain, task, provides, saw, licence and citation.
        statistics: Mean and standard deviation per channel, of images in [0, 1].
        workspace: Where weights are kept.

    Raises:
        CardError: A fact is not valid on a card.
        WeightsError: The weights cannot be kept.
    """
    match, origin = examined.match, examined.origin
    if facts["provides"] == "encoder_decoder" and examined.with_decoder:
        match = examined.with_decoder
    with tempfile.TemporaryDirectory() as folder:
        file, hub = origin.path, origin.hub
        if not examined.checkpoint.as_stored:
            file, hub = Path(folder) / f"{path.stem}.safetensors", None
            save_tensors(file, examined.checkpoint.tensors, {})
        weights = {
            "file": Path(hub.file).name if hub else f"{path.stem}.safetensors",
            "sha256": sha256_of(file), "licence": facts["licence"],
            "hub": hub.model_dump() if hub else None,
            "key_prefix": match.key_prefix, "rename": [list(rule) for rule in match.rename],
        }  # fmt: skip
        card = {
            "id": path.stem, "version": 1, "title": facts["title"], "domain": facts["domain"],
            "task": facts["task"], "provides": facts["provides"], "encoder": match.encoder,
            "input": {"channels": match.channels, "mean": list(map(float, statistics[0])),
                      "std": list(map(float, statistics[1]))},
            "weights": {key: value for key, value in weights.items() if value},
            "saw": [saw.model_dump(mode="json") for saw in facts["saw"]],
            "citation": facts["citation"],
        }  # fmt: skip
        source = check_model(card, SourceCard, path)
        keep_weights(source, file, origin.description, workspace)
    text = StringIO()
    YAML().dump(_in_flow_style(card), text)
    write_text(path, text.getvalue())
    return source


def _in_flow_style(value: Any, depth: int = 0) -> Any:
    """Lists of numbers and names, and groups inside lists, on one line each."""
    if isinstance(value, dict):
        group = CommentedMap({k: _in_flow_style(item, depth + 1) for k, item in value.items()})
        if depth > 1 or "channels" in value:
            group.fa.set_flow_style()
        return group
    if isinstance(value, list):
        items = CommentedSeq([_in_flow_style(item, depth + 1) for item in value])
        if not any(isinstance(item, (dict, list)) for item in value):
            items.fa.set_flow_style()
        return items
    return value
