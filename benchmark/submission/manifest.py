"""What a pack holds, where, and how much of it at most.

A pack is a folder, or the same as one zip: `manifest.json`, the card where a content folder has it,
records and prediction hashes where a board's folder has them, and what can be computed from these.
"""

import json
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from benchmark.cards.board import BoardCard
from benchmark.errors import SubmissionError
from benchmark.files import csv_text, printable, sha256_of
from benchmark.records.predictions import Sha256
from benchmark.records.record import Count, Facts, RunRecord, cell_path

MANIFEST = "manifest.json"
MAX_FILES = 50_000
MAX_BYTES = 2_000_000_000  # of all files, unpacked
MAX_MAPS_BYTES = 500_000_000
MAX_TEXT_BYTES = 50_000_000
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PART = r"[A-Za-z0-9][A-Za-z0-9._@-]*"
ALLOWED = re.compile(
    rf"manifest\.json|cases\.csv|coverage\.json|environment\.json|tasks/source/{PART}\.yaml"
    rf"|records/({PART}/){{4}}seed\d+\.json|predictions/({PART}/){{4}}seed\d+\.(json|npz)"
)


class FileFacts(Facts):
    """Size and SHA-256 of a file."""

    bytes: Count
    sha256: Sha256


class Manifest(Facts):
    """What a pack says it is; `missing` lists the source's cells of the board without a record."""

    schema_version: Literal[1] = 1
    segtransfer: str
    board: str
    source: str
    missing: tuple[str, ...]
    files: dict[str, FileFacts]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an unpacked pack.

    Raises:
        SubmissionError: There is none, or it is no manifest.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes(), strict=True)
    except OSError:
        raise SubmissionError(
            f"{MANIFEST}: is missing, so this is no pack; make one with `segtransfer submit pack`"
        ) from None
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = printable(".".join(map(str, problem["loc"]))) or "file"
        raise SubmissionError(f"{MANIFEST}: {where}: {problem['msg']}; pack it again") from None


def card_name(source: str) -> str:
    """Where the card of a source lies in a pack."""
    return f"tasks/source/{source}.yaml"


def file_facts(path: Path) -> FileFacts:
    """Size and hash of a file on disk."""
    return FileFacts(bytes=path.stat().st_size, sha256=sha256_of(path))


def missing_cells(board: BoardCard, source: str, have: Mapping[str, RunRecord]) -> tuple[str, ...]:
    """The cells of a board in which a source takes part and that have no record."""
    strategies = board.strategies_for(source)
    grid = product(board.targets, [source], strategies, board.train_subjects, board.seeds)
    return tuple(path for path in (cell_path(*place) for place in grid) if path not in have)


def derived(records: Mapping[str, RunRecord]) -> dict[str, str]:
    """The files of a pack that say again what its records say, for people and spreadsheets."""
    facts: dict[str, dict[str, object]] = {"coverage.json": {}, "environment.json": {}}
    for name, record in records.items():
        covered = record.coverage
        facts["coverage.json"][name] = covered.model_dump(mode="json") if covered else None
        facts["environment.json"][name] = record.environment.model_dump(mode="json")
    texts = {name: json.dumps(one, indent=1) + "\n" for name, one in facts.items()}
    return texts | {"cases.csv": _cases(records)}


def _cases(records: Mapping[str, RunRecord]) -> str:
    """A row a case and label; a metric that its target does not have is left empty."""
    facts = ("case", "subject", "label", "reference_empty", "prediction_empty")
    metrics = list(dict.fromkeys(m for one in records.values() for m in one.cases[0].scores))
    rows = (
        (
            name,
            *(getattr(row, fact) for fact in facts),
            *(row.scores.get(metric, "") for metric in metrics),
        )
        for name, record in records.items()
        for row in record.cases
    )
    return csv_text([("record", *facts, *metrics), *rows])
