"""Records as columns: what one more record takes in memory."""

import tracemalloc
from pathlib import Path

import pytest
from speed.leaderboards import generate

from benchmark.leaderboard.bulk import read_records
from benchmark.leaderboard.bulk.read_records import read_columns
from benchmark.records.store import Store
from benchmark.workers import Workers


def peak_bytes(folder: Path, count: int) -> int:
    """Most memory in use while a pack of generated records is read."""
    folder.mkdir()
    generate(folder, count, packed=True)
    assert len(read_columns(Store(folder), Workers(1))) == count  # what is imported and kept
    tracemalloc.start()
    try:
        read_columns(Store(folder), Workers(1))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_million_records_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """2 KiB a record at most while it is read; the scores of 20 subjects alone are 160 bytes."""
    monkeypatch.setattr(read_records, "CHUNK", 50)
    few, many = 100, 300
    grown = peak_bytes(tmp_path / "many", many) - peak_bytes(tmp_path / "few", few)
    assert grown / (many - few) < 2048
