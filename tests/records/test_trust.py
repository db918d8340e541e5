"""How far a record was checked, and that an edit undoes it."""

import hashlib
from pathlib import Path

import pytest

from benchmark.errors import RecordError
from benchmark.records.trust import Trust, read_trust, trust_levels, write_trust

NAME = "head/scratch/full/nall/seed0.json"


def merged(folder: Path, content: bytes = b"{}") -> dict[str, Trust]:
    path = folder / "records" / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    known = {NAME: Trust(sha256=sha256, level="re-run", by="someone, else", date="2026-11-21")}
    write_trust(folder, known)
    return known


def test_what_was_written_is_read(tmp_path: Path) -> None:
    known = merged(tmp_path)
    assert read_trust(tmp_path) == known
    assert trust_levels(tmp_path) == {NAME: "re-run"}


def test_after_an_edit_a_record_is_self_reported(tmp_path: Path) -> None:
    merged(tmp_path)
    (tmp_path / "records" / "other.json").write_bytes(b"{}")
    (tmp_path / "records" / NAME).write_bytes(b"{ }")
    assert trust_levels(tmp_path) == {NAME: "self-reported"}


def test_no_file_is_no_trust(tmp_path: Path) -> None:
    assert read_trust(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "columns are .*; expected record"),
        ("record,sha256,level,by,date\nx,0,re-scored\n", "3 values, but there are 5 columns"),
        ("record,sha256,level,by,date\nx,0,rescored,y,z\n", "re-scored"),
        ("record,sha256,level,by,date\nx,0,re-run,y,z\nx,0,re-run,y,z\n", "twice"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "trust.csv").write_text(text)
    with pytest.raises(RecordError, match=said):
        read_trust(tmp_path)
