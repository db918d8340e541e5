"""A pool of worker processes, each of which may die: it costs what it was working on, no more.

A dead process is replaced, and its task fails with `WorkerDied`. The processes end with the one
that started them, however that ends. What they log is logged there.
"""

import logging
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from traceback import format_exception
from typing import Any, NamedTuple, TypeVar

from benchmark.errors import WorkerDied

SPAWN = multiprocessing.get_context("spawn")
STARTING = Lock()  # this process's environment is changed while another starts
Result = TypeVar("Result")
Message = tuple[str, Any]  # "notice", "logged", "result" or "error", and what


class PoolTask(NamedTuple):
    """A call, and where its result goes."""

    future: "Future[Any]"
    call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class WorkerProcess(NamedTuple):
    """A process and the connection to it."""

    process: BaseProcess
    connection: "Connection[Any, Any]"


class ProcessPool(Executor):
    """Processes that work on what is submitted; a thread of this process attends to each."""

    def __init__(
        self,
        processes: int,
        initialise: Callable[[], object],
        environment: Mapping[str, str],
        tell: Callable[[int, Any], None],
    ) -> None:
        """Start the processes.

        Args:
            processes: How many.
            initialise: Called once in each; a function of a module.
            environment: Variables of the processes.
            tell: Gets the number of a process, from 0, and what its task sent by `tell_parent`.
        """
        self._initialise, self._environment, self._tell = initialise, environment, tell
        self._tasks: SimpleQueue[PoolTask | None] = SimpleQueue()
        self._ended = False
        self._workers = [self._start() for _ in range(processes)]
        self._threads = [
            Thread(target=self._attend, args=(number,), daemon=True) for number in range(processes)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, function: Callable[..., Result], /, *arguments: Any, **named: Any
    ) -> "Future[Result]":
        """Have a function of a module called in one of the processes."""
        future: Future[Result] = Future()
        self._tasks.put(PoolTask(future, (function, arguments, named)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: after what was submitted, or at once where that is not waited for."""
        with suppress(Empty):
            while cancel_futures:
                if task := self._tasks.get_nowait():
                    task.future.cancel()
        self._ended = not wait
        for _ in self._threads:
            self._tasks.put(None)
        for worker in [] if wait else self._workers:
            worker.process.terminate()
        for thread in self._threads:
            thread.join()

    def _attend(self, number: int) -> None:
        """Give one process its tasks, and start another in the place of one that died."""
        while task := self._tasks.get():
            if not task.future.set_running_or_notify_cancel():
                continue
            kind, value = self._work_on(number, task)
            if kind == "result":
                task.future.set_result(value)
            else:
                task.future.set_exception(value)
        process, connection = self._workers[number]
        connection.close()
        process.join()

    def _work_on(self, number: int, task: PoolTask) -> Message:
        process, connection = self._workers[number]
        try:
            connection.send(task.call)
            while True:
                kind, value = connection.recv()
                if kind == "notice":
                    self._tell(number, value)
                elif kind == "logged":
                    logging.getLogger(value[0]).log(*value[1:])
                else:
                    return kind, value
        except (EOFError, OSError):
            process.join()
            if not self._ended:
                self._workers[number] = self._start()
            return "error", WorkerDied(process.exitcode)
        except Exception as error:  # it cannot be pickled
            return "error", error

    def _start(self) -> WorkerProcess:
        ours, theirs = SPAWN.Pipe()
        arguments = (theirs, self._initialise)
        process = SPAWN.Process(target=_serve, args=arguments, daemon=True)
        with STARTING, _changed_environment(self._environment):
            process.start()
        theirs.close()
        return WorkerProcess(process, ours)


@contextmanager
def _changed_environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Parent(logging.Handler):
    """The process that started this one; threads may tell it things."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        super().__init__(logging.WARNING)
        self.connection, self.sending = connection, Lock()

    def send(self, *message: Any) -> None:
        """Send a message, one after the other from any thread."""
        with self.sending:
            self.connection.send(message)

    def emit(self, record: logging.LogRecord) -> None:
        """Log a warning in the parent."""
        self.send("logged", (record.name, record.levelno, "%s", record.getMessage()))


_parent: _Parent | None = None


def tell_parent(value: object) -> None:
    """In a worker process: pass something on to `tell` of the pool."""
    assert _parent is not None
    _parent.send("notice", value)


def _serve(connection: "Connection[Any, Any]", initialise: Callable[[], object]) -> None:
    """The life of a worker process. Ctrl-C is the business of the process that started it."""
    global _parent
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _parent = _Parent(connection)
    logging.getLogger().addHandler(_parent)
    initialise()
    while (answer := _answer(connection)) is not None:
        try:
            _parent.send(*answer)
        except Exception as error:  # the result or the error cannot be pickled
            _parent.send("error", RuntimeError(f"{type(error).__name__}: {error}"))


def _answer(connection: "Connection[Any, Any]") -> Message | None:
    """The result or the error of the next call; None where there is none."""
    try:
        call = connection.recv_bytes()
    except EOFError:
        return None
    try:
        function, arguments, named = pickle.loads(call)
        return "result", function(*arguments, **named)
    except Exception as error:
        error.add_note("".join(format_exception(error)))
        return "error", error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
