"""The files of a pack: their names, the manifest, and what is derived from the records.

A pack is a folder or the same folder as a zip. It holds `manifest.json`, the source card at its
path in a content folder, records and prediction hashes at their paths in a board's folder, and
files that can be computed from these.
"""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Literal, Self

from benchmark.cards.board import BoardCard
from benchmark.cards.card import omitted_default
from benchmark.cards.source import SourceCard
from benchmark.files import csv_text, sha256_of
from benchmark.records.cell import Count, Facts, cell_paths
from benchmark.records.predictions import Sha256
from benchmark.records.record import RunRecord

MANIFEST = "manifest.json"
ID = re.compile(  # none that names a device on Windows, where no file can have it
    r"(?!(?i:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))"
    r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
)
LOOK_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "-": "_", ".": "_"})
PART = r"[A-Za-z0-9][A-Za-z0-9._@-]*"
ALLOWED = re.compile(
    rf"manifest\.json|cases\.csv|coverage\.json|environment\.json|tasks/source/{PART}\.yaml"
    rf"|records/({PART}/){{4}}seed\d+\.json|predictions/({PART}/){{4}}seed\d+\.(json|npz)"
)
CASE_COLUMNS = ("case", "subject", "label", "reference_empty", "prediction_empty")


class PackedFile(Facts):
    """Size and SHA-256 of a file."""

    bytes: Count
    sha256: Sha256

    @classmethod
    def of(cls, path: Path) -> Self:
        """Those of a file on disk."""
        return cls(bytes=path.stat().st_size, sha256=sha256_of(path))


class Manifest(Facts):
    """Content of a pack.

    `baselines` names those on the source's network whose records are in the pack too; `missing`
    lists the cells of the source and of these that have no record.
    """

    schema_version: Literal[1] = 1
    segtransfer: str
    board: str
    source: str
    baselines: tuple[str, ...] = omitted_default(())
    missing: tuple[str, ...]
    files: dict[str, PackedFile]


def look_alike(name: str, known: Iterable[str]) -> str:
    """Another known id that a reader could take for this one; empty if there is none.

    Case, the kind of separator, and the pairs 0 o, 1 l i, rn m and vv w count as the same.
    """
    shape = _shape(name)
    return next((other for other in sorted(known) if other != name and _shape(other) == shape), "")


def _shape(name: str) -> str:
    plain = name.casefold().translate(LOOK_ALIKE).replace("rn", "m").replace("vv", "w")
    return re.sub("_+", "_", plain).strip("_")


def card_path(source: str) -> str:
    """Path of the card of a source in a pack."""
    return f"tasks/source/{source}.yaml"


def missing_cells(
    board: BoardCard, sources: Iterable[SourceCard], records: Mapping[str, RunRecord]
) -> tuple[str, ...]:
    """The cells of a board in which sources take part and that have no record."""
    of_sources = (cell_paths(board, {card.id: board.entries_for(card)}) for card in sources)
    return tuple(path for path in chain.from_iterable(of_sources) if path not in records)


def derived_files(records: Mapping[str, RunRecord]) -> dict[str, str]:
    """The files of a pack that repeat content of its records, for people and spreadsheets."""
    texts = {"cases.csv": _cases_csv(records)}
    for field in ("coverage", "environment"):
        content = {
            name: record.model_dump(mode="json", include={field})[field]
            for name, record in records.items()
        }
        texts[f"{field}.json"] = json.dumps(content, indent=1) + "\n"
    return texts


def _cases_csv(records: Mapping[str, RunRecord]) -> str:
    """One row per case and label; a metric that its target does not have is left empty."""
    metrics = list(dict.fromkeys(m for record in records.values() for m in record.cases[0].scores))
    case_facts = attrgetter(*CASE_COLUMNS)
    rows = (
        (name, *case_facts(row), *(row.scores.get(metric, "") for metric in metrics))
        for name, record in records.items()
        for row in record.cases
    )
    return csv_text([("record", *CASE_COLUMNS, *metrics), *rows])
