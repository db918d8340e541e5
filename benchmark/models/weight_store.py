"""Checkpoints of source tasks: fetched or given, verified, and kept under the home folder."""

import shutil
from pathlib import Path

from pydantic import ValidationError

from benchmark.cards.card import Model
from benchmark.cards.source import SourceCard, WeightsFile
from benchmark.data.download import RemoteFile, fetch
from benchmark.errors import WeightsError
from benchmark.files import replacing, sha256_of, write_text
from benchmark.models.package_files import is_installed, package_file, pip_command
from benchmark.records.predictions import Sha256
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace


class StoredWeights(Model):
    """The checkpoint of a source on this machine and its origin.

    A card may state only the beginning of the hash, or a repository; the file that was stored
    first is then the checkpoint of that source on this machine, and its full hash is in every
    record.
    """

    source: str
    sha256: Sha256
    file: str
    origin: str

    def path(self, workspace: Workspace) -> Path:
        """Path of the file."""
        return workspace.weights_file(self.sha256, self.file)


def stored_weights(source: SourceCard, workspace: Workspace) -> StoredWeights:
    """The checkpoint that a source has on this machine.

    Raises:
        WeightsError: It is missing or damaged, or the card now states another hash.
    """
    weights = _weights(source)
    record = workspace.weights_record(source.id)
    command = f"type `segtransfer source get {source.id}`"
    if weights.by_hand:
        command = f"type `segtransfer source import {source.id} --from FILE`"
    elif weights.package and not is_installed(weights.package):
        command = (
            f"type `{pip_command(weights.package)}`, then `segtransfer source get {source.id}`"
        )
    try:
        stored = StoredWeights.model_validate_json(record.read_bytes())
        is_there = stored.path(workspace).is_file()
    except FileNotFoundError:
        raise WeightsError(
            f"the weights of {source.id!r} ({weights.file}) are not on this machine; {command}"
        ) from None
    except (ValidationError, OSError):
        raise WeightsError(f"{record}: damaged; {command}") from None
    if not is_there:
        raise WeightsError(f"{stored.path(workspace)}: the file is missing; {command}")
    if not stored.sha256.startswith(weights.sha256 or ""):
        raise WeightsError(
            f"the weights of {source.id!r} on this machine have SHA-256 {stored.sha256[:16]}..., "
            f"its card states {weights.sha256}; {command}"
        )
    return stored


def import_weights(workspace: Workspace, name: str, file: Path) -> StoredWeights:
    """Keep a copy of a checkpoint that the user has.

    Raises:
        WeightsError: The source has no weights file, or the file is missing or another one.
    """
    source = workspace.registry.source(name)
    if _weights(source) and not file.is_file():
        raise WeightsError(f"{file}: no such file")
    return keep_weights(source, file, f"file {file.name}", workspace)


def get_weights(workspace: Workspace, name: str, progress: Progress = no_progress) -> StoredWeights:
    """Fetch a checkpoint from the address, repository or installed package that its card states.

    Raises:
        WeightsError: The card states none of them, the repository refuses, the package is not
            installed, or the file is another one.
        DataError: The transfer fails.
    """
    source = workspace.registry.source(name)
    weights = _weights(source)
    if (package := weights.package) is not None:
        path = package_file(package)
        return keep_weights(source, path, f"package {package.name} {package.version}", workspace)
    if weights.hub is not None:
        hub = weights.hub
        path, commit = fetch_from_hub(hub.repo, hub.file, hub.revision, workspace)
        return keep_weights(source, path, f"{hub.repo}@{commit}", workspace)
    if weights.url is None:
        raise WeightsError(
            f"{name}: its card has no address; type `segtransfer source import {name} --from FILE`"
        )
    sha256 = weights.sha256 if len(weights.sha256 or "") == 64 else None
    remote = RemoteFile(weights.url, Path(weights.file).name, sha256=sha256)
    path = fetch(remote, workspace.downloads / name, progress)
    stored = keep_weights(source, path, weights.url, workspace)
    path.unlink()
    return stored


def _weights(source: SourceCard) -> WeightsFile:
    if source.weights is None:
        raise WeightsError(f"source task {source.id!r} has no weights file on its card")
    return source.weights


def fetch_from_hub(
    repo: str, file: str, revision: str | None, workspace: Workspace
) -> tuple[Path, str]:
    """A local copy of a file of a Hugging Face repository, and its commit.

    Raises:
        WeightsError: The repository, revision or file does not exist, or there is no answer.
    """
    from huggingface_hub import hf_hub_download  # slow to import, and few weights are there
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
    source: SourceCard, file: Path, origin: str, workspace: Workspace
) -> StoredWeights:
    """Copy a checkpoint into the home folder if its hash is right, and record it.

    Raises:
        WeightsError: It is another file than the card states, or it cannot be copied.
    """
    weights = _weights(source)
    try:
        sha256 = sha256_of(file)
        if not sha256.startswith(weights.sha256 or ""):
            raise WeightsError(
                f"{file}: SHA-256 is {sha256[:16]}..., the card of {source.id!r} states "
                f"{(weights.sha256 or '')[:16]}...; this is another file, or it is damaged"
            )
        stored = StoredWeights(
            source=source.id, sha256=sha256, file=Path(weights.file).name, origin=origin
        )
        with replacing(stored.path(workspace)) as copy:
            shutil.copyfile(file, copy)
    except OSError as error:
        raise WeightsError(f"{file}: {error.strerror}; check the path and the disk") from None
    write_text(workspace.weights_record(source.id), stored.model_dump_json(indent=1) + "\n")
    return stored
