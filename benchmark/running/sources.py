"""Checkpoints that a user has: verified by hash and kept under the home folder."""

import hashlib
import os
import shutil
from pathlib import Path

from benchmark.cards.registry import Registry
from benchmark.errors import WeightsError


def import_weights(registry: Registry, name: str, file: Path, home: Path) -> Path:
    """Copy a checkpoint into the home folder after its SHA-256 was found right.

    Raises:
        WeightsError: The source has no file weights, the file is missing, or it is another one.
    """
    source = registry.source(name)
    if source.weights is None:
        raise WeightsError(f"source task {name!r} has no weights file; there is nothing to import")
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != source.weights.sha256:
            raise WeightsError(
                f"{file}: SHA-256 is {found[:16]}..., the card of {name!r} says "
                f"{source.weights.sha256[:16]}...; this is another file, or it is damaged"
            )
        path = home / "weights" / found / Path(source.weights.file).name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        shutil.copyfile(file, part)
        os.replace(part, path)
    except OSError as error:
        raise WeightsError(f"{file}: {error.strerror}; check the path and the disk") from None
    return path
