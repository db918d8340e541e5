"""Where a checkpoint comes from: a file, timm, or a repository of Hugging Face."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.cards.source import HubFile
from benchmark.errors import WeightsError
from benchmark.files import printable
from benchmark.models.timm_models import timm_weights
from benchmark.models.weight_store import fetch_from_hub
from benchmark.sources.statements import check_address
from benchmark.workspace import Workspace

HUB_FILES = ("model.safetensors", "pytorch_model.bin")


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
    check_address(address)
    return CheckpointOrigin(Path(address), f"file {printable(Path(address).name)}")


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
