"""Files: replaced atomically, and CSV read with every fault in one line."""

from pathlib import Path

import pytest

from benchmark.errors import DataError, RecordError
from benchmark.files import csv_text, read_csv, replacing, write_text


def test_a_file_is_replaced_only_when_the_block_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]
    with replacing(path, ".txt") as temporary:
        assert temporary.suffix == ".txt" and temporary.parent == path.parent
        temporary.write_text("new")
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="file/a.txt: cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_csv_text_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + csv_text([("a", "b"), (1, 'x,"y')]), encoding="utf-8")
    assert read_csv(path, ["b"], error=DataError) == [{"a": "1", "b": 'x,"y'}]


def test_missing_values_are_empty_and_surplus_ones_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1\n\n1;2;3\n")
    rows = read_csv(path, delimiter=";", error=DataError)
    assert rows == [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\n1\n", "column 'b' is missing"),
        (b"", "column 'a' is missing"),
        (b"a,b,c\n", "columns are .*, not a,b"),
        (b"a,b\n1\n", "line 2: 1 values, 2 are expected"),
        (b"a,b\n1,2,3\n", "line 2: 3 values, 2 are expected"),
        (b"a,b\n\xff,2\n", "not a CSV file in UTF-8"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "not a CSV file in UTF-8"),
    ],
)
def test_faults_of_a_csv_file(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    exactly = "column '" not in expected
    with pytest.raises(DataError, match=expected) as fault:
        read_csv(path, ["a", "b"], exactly=exactly, error=DataError)
    assert "\n" not in str(fault.value)
    with pytest.raises(DataError, match="no such table"):
        read_csv(tmp_path / "none.csv", error=DataError)
