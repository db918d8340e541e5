"""Files as people have them: encodings, CSV of spreadsheets, and every fault in one line."""

import json
import os
from pathlib import Path

import pytest

from benchmark.errors import LONGEST, DataError
from benchmark.files import csv_text
from benchmark.reading import read_csv, read_json, read_text, reading

TWICE = '{"a": [{"b": 1, "b": 2}]}'


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    os.mkfifo(path)
    with pytest.raises(DataError, match="a.csv: a pipe, socket or device; expected a text file"):
        read_text(path, DataError)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text([("a", "b"), ("Köln", 'x,"y')]).encode(encoding))
    assert read_csv(path, ["b"], error=DataError) == [{"a": "Köln", "b": 'x,"y'}]


def test_lines_without_values_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n\n1;2\n3;4;;\n")
    rows = read_csv(path, delimiter=";", error=DataError)
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\n1\n", "column 'b' is missing"),
        (b"", "column 'a' is missing"),
        (b"a,b,c\n", "columns are .*; expected a,b"),
        (b"a;b\n1;2\n", "separated by semicolons; save it with ',' between"),
        (b"a\tb\n1\t2\n", "separated by tabs"),
        (b"a, b\n1, 2\n", "blanks around them"),
        (b"a,b,a\n1,2,3\n", "two columns are named 'a'"),
        (b"a,b\n1\n", "row 2: 1 values, but there are 2 columns"),
        (b"a,b\n1,2,3\n", "row 2: 3 values, but there are 2 columns"),
        (b"a,b\nK\xf6ln,2\n", "line 2: not UTF-8 text .byte 0xf6.; save it as UTF-8"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "damaged or not a CSV file"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "unexpected end of data"),
        (b"a,b,c,c\n1,2,3,4\n", "two columns are named 'c'"),
    ],
)
def test_faults_of_a_csv_file(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    exactly = expected.startswith("columns are")
    with pytest.raises(DataError, match=expected) as fault:
        read_csv(path, ["a", "b"], exactly=exactly, error=DataError)
    assert str(path) in str(fault.value)
    with pytest.raises(DataError, match="no such file"):
        read_csv(tmp_path / "none.csv", error=DataError)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "1" * 10_000, '{"a": NaNs}', TWICE])
def test_faults_of_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match="damaged or not JSON"):
        read_json(path, DataError)
    path.write_text(json.dumps({"a": [1]}))
    assert read_json(path, DataError) == {"a": [1]}


def test_limits_come_before_parsing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("xxxx")
    with pytest.raises(DataError, match="4 bytes; expected 3 at most"):
        read_text(tmp_path / "a", DataError, 3)
    with pytest.raises(DataError, match="a: cannot be read .Is a directory"):
        (tmp_path / "b" / "a").mkdir(parents=True)
        read_text(tmp_path / "b" / "a", DataError)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (EOFError(), "damaged or not a map .EOFError.; make it again"),
        (MemoryError(), "does not fit into memory"),
        (IndexError("a\nb"), "damaged or not a map .a.; make it again"),
        (PermissionError(13, "Permission denied"), "cannot be read .Permission denied."),
    ],
)
def test_any_exception_of_a_parser_is_one_line(fault: Exception, expected: str) -> None:
    with pytest.raises(DataError, match=f"^p: {expected}$"):
        with reading(Path("p"), "a map", DataError, "make it again"):
            raise fault


def test_messages_are_printable_and_short() -> None:
    message = str(DataError("a\nb\x1b[31m" + "x" * 5000 + "; do this"))
    assert message.startswith("a b\\x1b[31mxx") and message.endswith("; do this")
    assert len(message) < LONGEST + 10 and message.isprintable()
