"""Errors of a machine are kept beside the records, and never among them."""

from pathlib import Path

from benchmark.owners import HOST
from benchmark.records.run_errors import forget_error, note_error, run_errors
from benchmark.records.store import Store

NAME = "records/t/s/full/nall/seed0.json"


def test_an_error_is_listed_until_the_cell_has_a_record(tmp_path: Path) -> None:
    assert run_errors(tmp_path) == []
    for error in ("disk full", "out of memory"):  # the last one stands
        note_error(tmp_path, NAME, error, "2026-01-01T00:00:00+00:00")
    (note,) = run_errors(tmp_path)
    assert (note.name, note.error, note.host) == (NAME, "out of memory", HOST)
    assert Store(tmp_path).files() == []
    (tmp_path / NAME).parent.mkdir(parents=True)
    (tmp_path / NAME).touch()  # made by another run
    assert run_errors(tmp_path) == []
    (tmp_path / NAME).unlink()
    forget_error(tmp_path, NAME)
    forget_error(tmp_path, NAME)
    assert run_errors(tmp_path) == []


def test_a_note_that_cannot_be_written_or_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "errors" / "records").mkdir(parents=True)
    (tmp_path / "errors" / "records" / "a.json").write_text("{")
    assert run_errors(tmp_path) == []
    (tmp_path / "full").write_text("")
    note_error(tmp_path / "full", NAME, "disk full", "now")
