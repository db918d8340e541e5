"""How far a record has been checked by somebody other than the one who made it.

The record itself does not state it: `trust.csv` in a board's folder does, written by
`segtransfer submit merge` and by re-runs. A record that is not in it is self-reported. Each row
holds the SHA-256 of the record it is about, so that an edited record loses its trust.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from benchmark.errors import RecordError, unknown_name
from benchmark.files import csv_text, write_text
from benchmark.reading import read_csv
from benchmark.records.record_content import has_record, record_content

TrustLevel = Literal["self-reported", "re-scored", "re-run"]
LEVELS: tuple[TrustLevel, ...] = get_args(TrustLevel)  # from least to most
COLUMNS = ("record", "sha256", "level", "by", "date")


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The result of checking one record.

    Attributes:
        sha256: Of the record's file when it was checked, in hexadecimal.
        level: How it was checked.
        by: Who checked it, and with what (version, device).
        date: When, as YYYY-MM-DD.
    """

    sha256: str
    level: TrustLevel
    by: str
    date: str


def read_trust(folder: Path) -> dict[str, Trust]:
    """The content of `trust.csv`, by path below `records/`; empty if there is no such file.

    Raises:
        RecordError: It is damaged.
    """
    path = folder / "trust.csv"
    if not path.exists():
        return {}
    trust: dict[str, Trust] = {}
    rows = read_csv(path, COLUMNS, exactly=True, error=RecordError)
    for number, row in enumerate(rows, start=2):
        level = next((name for name in LEVELS if name == row["level"]), None)
        if level is None:
            raise RecordError(
                f"{path}:{number}: {unknown_name('level', str(row['level']), LEVELS)}"
            )
        if row["record"] in trust:
            raise RecordError(f"{path}:{number}: a record that is listed twice")
        trust[row["record"]] = Trust(
            sha256=row["sha256"], level=level, by=row["by"], date=row["date"]
        )
    return trust


def write_trust(folder: Path, known: Mapping[str, Trust]) -> None:
    """Write `trust.csv` atomically, in the order of the paths."""
    rows = [(name, row.sha256, row.level, row.by, row.date) for name, row in sorted(known.items())]
    write_text(folder / "trust.csv", csv_text([COLUMNS, *rows]))


def trust_levels(folder: Path) -> dict[str, TrustLevel]:
    """The level of each record that `trust.csv` names: after an edit self-reported, as any other.

    Raises:
        RecordError: The list is damaged.
    """
    levels = dict[str, TrustLevel]()
    for name, trust in read_trust(folder).items():
        if has_record(folder, f"records/{name}"):
            content = record_content(folder, f"records/{name}").data
            levels[name] = level_of(hashlib.sha256(content).hexdigest(), trust)
    return levels


def level_of(sha256: str, trust: Trust | None) -> TrustLevel:
    """The level of a record with this SHA-256; a record that was not checked is self-reported."""
    return trust.level if trust is not None and trust.sha256 == sha256 else "self-reported"
