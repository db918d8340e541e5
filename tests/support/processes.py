"""What worker processes of tests do; other processes import it from here."""

import logging
import os
import signal
import threading
import time

from benchmark.errors import DataError
from benchmark.processes import tell_parent
from benchmark.workers import Progress


def pid() -> int:
    return os.getpid()


def end(how: int) -> None:
    """End the process by a signal, or without a word."""
    if how:
        os.kill(os.getpid(), how)
        time.sleep(60)
    os._exit(3)


def end_or_tell(item: str, progress: Progress) -> str:
    progress(item, 1, 1)
    if item == "kill":
        end(signal.SIGKILL)
    return item


def wrong() -> None:
    raise DataError("no such case")


def log(text: str) -> None:
    logging.getLogger("benchmark").warning(text)


def slow(seconds: float) -> None:
    time.sleep(seconds)


def unpicklable() -> object:
    return threading.Lock()


def report_and_sleep() -> None:
    tell_parent(os.getpid())
    time.sleep(600)


class Unpicklable(Exception):
    """An error that cannot be made again from its arguments."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__("Unpicklable")

    @staticmethod
    def raised() -> None:
        raise Unpicklable(1, 2)
