"""Errors of any kind in one line that says what to do."""

import pytest

from benchmark.errors import (
    DataError,
    Diverged,
    UnfinishedRun,
    WorkerDied,
    in_one_line,
    lost_zeros,
    spelling_clash,
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("images are gone"), "images are gone"),
        (MemoryError(), "out of memory; use fewer --jobs, or a machine with more"),
        (OSError(28, "No space left", "x.npy"), "x.npy: No space left; make room, or see to"),
        (PermissionError(13, "Permission denied"), "Permission denied; make room, or see to"),
        (OSError("odd"), "OSError: odd (`segtransfer --debug`"),
        (RuntimeError("\n CUDA out of memory\nmore"), "RuntimeError: CUDA out of memory (`seg"),
        (EOFError(), "EOFError:  (`segtransfer --debug`"),
        (DataError("a\x1b[2Jb"), r"a\x1b[2Jb"),
        (WorkerDied(-9), "its process ended (signal 9): killed, or"),
        (Diverged("a loss of nan", 3, 0.1), "diverged: a loss of nan at step 3 with learning rate"),
        (UnfinishedRun(["a: b"], "finished with 1 failure"), "finished with 1 failure"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line(error: Exception, said: str) -> None:
    text = in_one_line(error)
    assert text.startswith(said) and text.isprintable()


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("müller", "'Müller' and 'müller' differ in case only"),
        ("Mu\u0308ller", r"'M\xfcller' and 'Mu\u0308ller' are two spellings of one name"),
        (" Müller\xa0", "are two spellings of one name"),
        ("Mül\u200bler", "are two spellings of one name"),
        ("Müller", ""),
        ("Muller", ""),
        ("Mü ller", ""),
    ],
)
def test_two_spellings_of_one_name(second: str, said: str) -> None:
    found = spelling_clash(["x", "Müller", second])
    assert said in found and bool(said) == bool(found)


def test_leading_zeros_that_a_spreadsheet_took() -> None:
    """Of 001 to 222 a split of 1 to 222 would find 123 cases: a partial copy, it seemed."""
    found = lost_zeros(["100", "7"], ["007", "08"])
    assert found.startswith("'7' and '007' differ in leading zeros") and "spreadsheets" in found
    assert not lost_zeros(["7", "p7", "0"], ["17", "p07", "70"])
    assert not lost_zeros(["7"], [])


def test_a_number_of_a_spreadsheet_is_a_spelling_of_a_name() -> None:
    assert "'7' and '7.0' are two spellings" in spelling_clash(["7", "7.0"])
    assert not spelling_clash(["7", "07", "7.1", "v7.0", "v7"])


def test_letters_of_another_keyboard_are_a_spelling_of_a_name() -> None:
    cyrillic, greek = "\u042101", "\u039101"
    assert r"'\u042101' and 'C01' are two spellings" in spelling_clash([cyrillic, "C01"])
    assert r"'A01' and '\u039101' are two spellings" in spelling_clash(["A01", greek])
    assert "differ in case only" in spelling_clash(["\u0412", "\u0432"])
    assert not spelling_clash(["\u0412", "V", "\u0432\u0432", "bb", "\u03b11", "a1"])
