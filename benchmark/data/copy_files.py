"""The files of a local copy: their fingerprint, and whether they are those that were registered."""

import hashlib
from collections.abc import Iterable, Mapping

from benchmark.data.cases import Case


def content_of(case: Case) -> str:
    """SHA-256 of the content of a case's files, in hexadecimal."""
    digest = hashlib.sha256()
    for path in case.files:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def fingerprint_of(contents: Mapping[str, str]) -> str:
    """`sha256:<hex>` of the contents of cases, by the names of the cases."""
    text = "".join(f"{case}|{contents[case]}\n" for case in sorted(contents))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def dates_of(cases: Iterable[Case]) -> str:
    """SHA-256 of size and time of the last change of every file, in hexadecimal; nothing is read.

    Raises:
        OSError: A file is gone.
    """
    digest = hashlib.sha256()
    for case in sorted(cases, key=lambda case: case.case):
        for path in case.files:
            state = path.stat()
            digest.update(f"{case.case}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
