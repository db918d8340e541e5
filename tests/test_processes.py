"""Worker processes that die, are killed, or lose the process that started them."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from support.processes import Unpicklable, end, end_or_tell, log, pid, slow, unpicklable, wrong

from benchmark.errors import DataError, WorkerDied
from benchmark.processes import ProcessPool
from benchmark.workers import Progress, Workers


def pool(processes: int = 1) -> ProcessPool:
    return ProcessPool(processes, int, {"SEGTRANSFER_TEST": "1"}, lambda number, told: None)


def test_a_dead_process_costs_its_own_task_and_is_replaced() -> None:
    with pool() as one:
        before = one.submit(pid).result()
        assert one.submit(os.getenv, "SEGTRANSFER_TEST").result() == "1"
        killed, left, after = one.submit(end, signal.SIGKILL), one.submit(end, 0), one.submit(pid)
        with pytest.raises(WorkerDied, match="signal 9"):
            killed.result()
        with pytest.raises(WorkerDied, match="exit status 3"):
            left.result()
        assert after.result() not in (before, os.getpid())
    assert "SEGTRANSFER_TEST" not in os.environ


def test_an_error_is_raised_with_its_traceback_and_the_process_stays() -> None:
    with pool() as one:
        before = one.submit(pid).result()
        with pytest.raises(DataError, match="no such case") as raised:
            one.submit(wrong).result()
        assert "in wrong" in raised.value.__notes__[0]
        for call in (unpicklable, lambda: 1):
            with pytest.raises(Exception, match=r"pickle|local object"):
                one.submit(call).result()
        with pytest.raises(Exception, match="Unpicklable"):
            one.submit(Unpicklable.raised).result()
        assert one.submit(pid).result() == before


def test_what_is_logged_there_is_logged_here(caplog: pytest.LogCaptureFixture) -> None:
    with pool() as one:
        one.submit(log, "100 % rebuilt").result()
    assert [(r.name, r.getMessage()) for r in caplog.records] == [("benchmark", "100 % rebuilt")]


def test_an_end_without_waiting_stops_the_work() -> None:
    one, began = pool(2), time.monotonic()
    running = [one.submit(slow, 60) for _ in range(2)]
    waiting = one.submit(pid)
    while not all(future.running() for future in running):
        time.sleep(0.01)
    one.shutdown(wait=False, cancel_futures=True)
    assert time.monotonic() - began < 30
    with pytest.raises(CancelledError):
        waiting.result()


CHILD = """
import sys
from support.processes import report_and_sleep
from benchmark.processes import ProcessPool
if __name__ == "__main__":
    pool = ProcessPool(2, int, {}, lambda number, told: print(told, flush=True))
    [pool.submit(report_and_sleep) for _ in range(2)]
    sys.stdin.read()
"""


@pytest.mark.parametrize("end_with", [signal.SIGKILL, signal.SIGTERM])
def test_the_processes_end_with_the_one_that_started_them(
    end_with: signal.Signals, tmp_path: Path
) -> None:
    script = tmp_path / "main.py"
    script.write_text(CHILD)
    path = os.pathsep.join(filter(None, sys.path))
    main = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
        text=True,
    )  # fmt: skip
    assert main.stdout is not None
    workers = [int(main.stdout.readline()) for _ in range(2)]
    main.send_signal(end_with)
    main.communicate()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.02)


def test_progress_goes_on_after_a_death() -> None:
    heard: list[str] = []

    def listen(stage: str, done: int, total: int) -> None:
        heard.append(stage)

    listeners: list[Progress] = [listen, listen]
    with Workers(2, listeners=listeners) as workers:
        found = dict(workers.as_completed(end_or_tell, ["a", "kill", "b"]))
    assert isinstance(found["kill"].exception(), WorkerDied)
    assert {found[name].result() for name in "ab"} == {"a", "b"} <= set(heard)
