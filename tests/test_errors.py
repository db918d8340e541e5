"""Errors of any kind in one line that says what to do."""

import pytest

from benchmark.errors import DataError, Diverged, UnfinishedRun, WorkerDied, in_one_line


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
