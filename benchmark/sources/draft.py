"""Drafts of source cards: from a checkpoint and what its owner says of it to a card that loads."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from benchmark.cards.card import check_model
from benchmark.cards.registry import Registry
from benchmark.cards.task import UNKNOWN, HubFile, Saw, SourceCard
from benchmark.errors import CardError, WeightsError
from benchmark.files import printable, sha256_of, write_text
from benchmark.models.checkpoints.identify import EncoderMatch, identify, with_decoder
from benchmark.models.checkpoints.read import Checkpoint, open_checkpoint
from benchmark.models.encoders import TensorShapes
from benchmark.models.timm_models import timm_weights
from benchmark.models.weight_store import fetch_from_hub, keep_weights
from benchmark.models.weights import save_tensors
from benchmark.workers import Progress
from benchmark.workspace import Workspace

HUB_FILES = ("model.safetensors", "pytorch_model.bin")
GROUPS = ("all", "train", "pretrain", "unknown")
LIKE_ENOUGH = 0.3


@dataclass(frozen=True)
class Origin:
    """A checkpoint on this machine, where it came from, and what its publisher says of it."""

    path: Path
    says: str
    hub: HubFile | None = None
    encoder: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    licence: str | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A checkpoint opened and recognised; `near` are other encoders, the most similar first."""

    origin: Origin
    checkpoint: Checkpoint
    fit: EncoderMatch
    whole: EncoderMatch | None
    near: tuple[EncoderMatch, ...]


def new_path(registry: Registry, name: str, folder: Path) -> Path:
    """Where a new card is written.

    Raises:
        CardError: The name is no id, or is taken.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", name):
        raise CardError(f"{printable(name)!r} is no id; use small letters, digits and underscores")
    path = folder / "tasks" / "source" / f"{name}.yaml"
    if name in registry.sources or path.exists():
        raise CardError(f"there is a source task {name!r} already; choose another name")
    return path


def saw_of(texts: Sequence[str]) -> tuple[Saw, ...]:
    """What a pretraining saw, from `DATASET:SUBJECTS`, `unknown` or `none`.

    SUBJECTS is all, train, pretrain, unknown (also when it is left out), or names with commas.

    Raises:
        CardError: A data set is empty, or `none` stands beside others.
    """
    if tuple(texts) == ("none",):
        return ()
    seen = []
    for text in texts:
        dataset, _, subjects = (part.strip() for part in text.partition(":"))
        if not dataset or dataset == "none":
            raise CardError(
                f"--saw {printable(text)!r}: expected DATASET:SUBJECTS, unknown or none"
            )
        listed = tuple(name.strip() for name in subjects.split(",") if name.strip())
        whom: Any = subjects if subjects in GROUPS else listed or UNKNOWN
        seen.append(Saw(dataset=dataset, subjects=whom))
    return tuple(seen)


def locate(spec: str, workspace: Workspace) -> Origin:
    """The checkpoint that `FILE`, `timm:NAME` or `hf:REPO@REV[:FILE]` means, fetched if need be.

    Raises:
        WeightsError: There is no such file, model or repository, or nothing answers.
    """
    kind, _, rest = spec.partition(":")
    if kind == "timm":
        return _of_timm(rest, workspace)
    if kind != "hf":
        path = Path(spec)
        if not path.is_file():
            raise WeightsError(
                f"{printable(spec)}: no such file; or write timm:NAME or hf:REPO@REV"
            )
        return Origin(path, f"file {printable(path.name)}")
    match = re.fullmatch(r"(?P<repo>[^@:]+/[^@:]+)@(?P<revision>[^@:]+)(:(?P<file>.+))?", rest)
    if match is None:
        raise WeightsError(
            f"{printable(spec)}: expected hf:OWNER/NAME@REVISION or ...@REVISION:FILE"
        )
    names = (match["file"],) if match["file"] else HUB_FILES
    return _of_hub(match["repo"], match["revision"], names, workspace)


def _of_timm(name: str, workspace: Workspace) -> Origin:
    known = timm_weights(name)
    file = known.hf_hub_filename or HUB_FILES[0]
    found = _of_hub(known.hf_hub_id, None, (file,), workspace)
    return Origin(
        found.path, found.says, found.hub, f"tu-{name.partition('.')[0]}", known.mean, known.std,
        known.license,
    )  # fmt: skip


def _of_hub(repo: str, revision: str | None, names: Sequence[str], workspace: Workspace) -> Origin:
    for name in names:
        try:
            path, commit = fetch_from_hub(repo, name, revision, workspace)
        except WeightsError:
            if name == names[-1]:
                raise
            continue
        hub = HubFile(repo=repo, file=name, revision=commit)
        return Origin(path, f"{repo}@{commit}, {name}", hub)
    raise AssertionError


def examine(
    origin: Origin,
    *,
    encoder: str | None,
    part: str,
    decoder_channels: Sequence[int],
    progress: Progress,
) -> Found:
    """Open a checkpoint and recognise its network.

    Args:
        origin: Of the checkpoint.
        encoder: The only name to try; None tries all there are.
        part: Of the checkpoint, as `harvest` takes it.
        decoder_channels: Of boards' U-Net.
        progress: Told of each stage.

    Raises:
        WeightsError: It cannot be read safely, or is like no known network.
    """
    opened = open_checkpoint(origin.path, part)
    shapes: TensorShapes = {name: tuple(tensor.shape) for name, tensor in opened.tensors.items()}
    wanted = encoder or origin.encoder
    fits = identify(shapes, (wanted,) if wanted else (), progress)
    if not fits or fits[0].similarity < LIKE_ENOUGH and not fits[0].complete:
        near = f"; the nearest is {fits[0].encoder}, {fits[0].coverage:.0%} covered" if fits else ""
        volumes = any(len(shape) == 5 for shape in shapes.values())
        why = "its convolutions are 3-D, networks here are 2-D" if volumes else "give --encoder"
        first = ", ".join(printable(name) for name in list(shapes)[:3])
        raise WeightsError(
            f"{printable(origin.path)}: {len(shapes)} tensors ({first}, ...) are like no "
            f"{wanted or 'network known here'}{near}; {why}, or bring your own network "
            "(`segtransfer source template`)"
        )
    whole = with_decoder(fits[0], shapes, decoder_channels)
    return Found(origin=origin, checkpoint=opened, fit=fits[0], whole=whole, near=tuple(fits[1:6]))


def write_draft(
    path: Path,
    found: Found,
    facts: Mapping[str, Any],
    statistics: tuple[Sequence[float], Sequence[float]],
    workspace: Workspace,
) -> SourceCard:
    """Keep the weights, as safetensors, and write the card.

    Args:
        path: Of the card.
        found: What `examine` found.
        facts: title, domain, task, provides, saw, licence and citation.
        statistics: Mean and deviation a channel, of images in [0, 1].
        workspace: Where weights are kept.

    Raises:
        CardError: A fact is none that a card can say.
        WeightsError: The weights cannot be kept.
    """
    fit = found.whole if facts["provides"] == "encoder_decoder" and found.whole else found.fit
    with tempfile.TemporaryDirectory() as folder:
        file, hub = found.origin.path, found.origin.hub
        if not found.checkpoint.as_stored:
            file, hub = Path(folder) / f"{path.stem}.safetensors", None
            save_tensors(file, found.checkpoint.tensors, {})
        weights = {
            "file": Path(hub.file).name if hub else f"{path.stem}.safetensors",
            "sha256": sha256_of(file),
            "licence": facts["licence"],
            "hub": hub.model_dump() if hub else None,
            "key_prefix": fit.key_prefix or None,
            "rename": [list(rule) for rule in fit.rename] or None,
        }
        card = {
            "id": path.stem, "version": 1, "title": facts["title"], "domain": facts["domain"],
            "task": facts["task"], "provides": facts["provides"], "encoder": fit.encoder,
            "input": {"channels": fit.channels, "mean": list(map(float, statistics[0])),
                      "std": list(map(float, statistics[1]))},
            "weights": {key: value for key, value in weights.items() if value is not None},
            "saw": [saw.model_dump(mode="json") for saw in facts["saw"]],
            "citation": facts["citation"],
        }  # fmt: skip
        source = check_model(card, SourceCard, path)
        keep_weights(source, file, found.origin.says, workspace)
    text = StringIO()
    YAML().dump(_flowing(card), text)
    write_text(path, text.getvalue())
    return source


def _flowing(value: Any, depth: int = 0) -> Any:
    """Lists of numbers and names, and groups inside lists, on one line each."""
    if isinstance(value, dict):
        group = CommentedMap({key: _flowing(item, depth + 1) for key, item in value.items()})
        if depth > 1 or "channels" in value:
            group.fa.set_flow_style()
        return group
    if isinstance(value, list):
        row = CommentedSeq([_flowing(item, depth + 1) for item in value])
        if not any(isinstance(item, (dict, list)) for item in value):
            row.fa.set_flow_style()
        return row
    return value
