"""Checkpoints of source tasks: fetched or given, verified, and kept under the home folder."""

import shutil
from pathlib import Path

from pydantic import ValidationError

from benchmark.cards.card import Model
from benchmark.cards.task import SourceCard, WeightsFile
from benchmark.data.download import RemoteFile, fetch
from benchmark.errors import WeightsError
from benchmark.files import replacing, sha256_of, write_text
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace


class StoredWeights(Model):
    """The checkpoint of a source on this machine: what it is and where it came from.

    A card may know only the beginning of the hash, or a repository; what was stored first is
    then the checkpoint of that source on this machine, and its whole hash is in every record.
    """

    source: str
    sha256: str
    file: str
    origin: str

    def path(self, workspace: Workspace) -> Path:
        """Where the file lies."""
        return workspace.weights_file(self.sha256, self.file)


def stored_weights(source: SourceCard, workspace: Workspace) -> StoredWeights:
    """What is known of a source's checkpoint on this machine.

    Raises:
        WeightsError: It is not here, or is not what the card says now.
    """
    assert source.weights is not None
    path = workspace.weights_record(source.id)
    how = "import {0} --from FILE" if source.weights.by_hand else "get {0}"
    command = f"`segtransfer source {how.format(source.id)}`"
    try:
        stored = StoredWeights.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise WeightsError(
            f"the weights of {source.id!r} ({source.weights.file}) are not on this machine; type "
            + command
        ) from None
    except (ValidationError, OSError):
        raise WeightsError(f"{path}: damaged; type {command}") from None
    if not stored.path(workspace).is_file():
        raise WeightsError(f"{stored.path(workspace)}: is gone; type {command}")
    if not stored.sha256.startswith(source.weights.sha256 or ""):
        raise WeightsError(
            f"the weights of {source.id!r} on this machine have SHA-256 {stored.sha256[:16]}..., "
            f"its card now says {source.weights.sha256}; type {command}"
        )
    return stored


def import_weights(workspace: Workspace, name: str, file: Path) -> StoredWeights:
    """Keep a copy of a checkpoint that the user has.

    Raises:
        WeightsError: The source has no weights file, the file is missing, or it is another one.
    """
    source = workspace.registry.source(name)
    return keep_weights(source, _weights(source), file, f"file {file.name}", workspace)


def get_weights(workspace: Workspace, name: str, progress: Progress = no_progress) -> StoredWeights:
    """Fetch a checkpoint from the address or the repository that its card names.

    Raises:
        WeightsError: The card names neither, the repository refuses, or the file is another one.
        DataError: The transfer fails.
    """
    source = workspace.registry.source(name)
    weights = _weights(source)
    if weights.hub is not None:
        path, commit = fetch_from_hub(
            weights.hub.repo, weights.hub.file, weights.hub.revision, workspace
        )
        return keep_weights(source, weights, path, f"{weights.hub.repo}@{commit}", workspace)
    if weights.url is None:
        raise WeightsError(
            f"{name}: its card names no address; type "
            f"`segtransfer source import {name} --from FILE`"
        )
    whole = weights.sha256 if len(weights.sha256 or "") == 64 else None
    remote = RemoteFile(weights.url, Path(weights.file).name, sha256=whole)
    path = fetch(remote, workspace.downloads / name, progress)
    stored = keep_weights(source, weights, path, weights.url, workspace)
    path.unlink()
    return stored


def _weights(source: SourceCard) -> WeightsFile:
    if source.weights is None:
        raise WeightsError(f"source task {source.id!r} has no weights file on its card")
    return source.weights


def fetch_from_hub(
    repo: str, file: str, revision: str | None, workspace: Workspace
) -> tuple[Path, str]:
    """A file of a Hugging Face repository on this machine, and the commit it is of.

    Raises:
        WeightsError: The repository, the revision or the file is not there, or nothing answers.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        path = Path(hf_hub_download(repo, file, revision=revision, cache_dir=workspace.hub_cache))
    except OfflineModeIsEnabled:
        raise WeightsError(f"{repo}: HF_HUB_OFFLINE is set; unset it to fetch") from None
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise WeightsError(f"{repo}, {file}: cannot be fetched ({reason})") from None
    # <cache>/models--OWNER--NAME/snapshots/COMMIT/FILE
    return path, path.parts[path.parts.index("snapshots") + 1]


def keep_weights(
    source: SourceCard, weights: WeightsFile, file: Path, origin: str, workspace: Workspace
) -> StoredWeights:
    """Copy a checkpoint to its place once its hash was found right, and remember it.

    Raises:
        WeightsError: It is another file than the card says, or it cannot be copied.
    """
    try:
        found = sha256_of(file)
        if not found.startswith(weights.sha256 or ""):
            raise WeightsError(
                f"{file}: SHA-256 is {found[:16]}..., the card of {source.id!r} says "
                f"{(weights.sha256 or '')[:16]}...; this is another file, or it is damaged"
            )
        stored = StoredWeights(
            source=source.id, sha256=found, file=Path(weights.file).name, origin=origin
        )
        path = stored.path(workspace)
        with replacing(path) as temporary:
            shutil.copyfile(file, temporary)
    except OSError as error:
        raise WeightsError(f"{file}: {error.strerror}; check the path and the disk") from None
    write_text(workspace.weights_record(source.id), stored.model_dump_json(indent=1) + "\n")
    return stored
