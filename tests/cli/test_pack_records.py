"""`segtransfer pack-records`: what it refuses, and there and back."""

from pathlib import Path

import pytest
from support.command import refusal, segtransfer
from support.factories import board_folder, make_record

from benchmark.records.store import Store
from benchmark.running.claims import claimed


def test_there_and_back(tmp_path: Path) -> None:
    path = Store(board_folder(tmp_path)).write(make_record())
    content = path.read_bytes()
    assert "1 record, " in segtransfer("pack-records", str(tmp_path), home=tmp_path / "home").stdout
    assert not path.exists()
    segtransfer("pack-records", str(tmp_path), "--unpack", home=tmp_path / "home")
    assert path.read_bytes() == content


def test_cards_and_running_boards_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refusal("pack-records", "real_v2", monkeypatch=monkeypatch, capsys=capsys)
    assert "among the cards" in error
    path = Store(board_folder(tmp_path)).write(make_record())
    with claimed(tmp_path, "records/x.json"):
        error = refusal("pack-records", str(tmp_path), monkeypatch=monkeypatch, capsys=capsys)
    assert "records/x.json is being run" in error and path.exists()
