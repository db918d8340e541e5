"""One core for each test process: then `benchmark` uses one thread, and so do its processes.

Two busy processes of two torch threads each are several times slower on two cores than two
processes of one thread, because threads that wait for one another keep their core.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

CAN_PIN = hasattr(os, "sched_setaffinity")  # Linux
EVERY_CORE = frozenset(os.sched_getaffinity(0)) if CAN_PIN else frozenset()


def pin_to_one_core(worker: str) -> None:
    """Pin this process and those that it starts.

    Args:
        worker: The name that pytest-xdist gives to its process (`gw0`, `gw1`, ...), or "".
    """
    if CAN_PIN:
        number = int(worker.removeprefix("gw")) if worker else os.getpid()
        os.sched_setaffinity(0, {sorted(EVERY_CORE)[number % len(EVERY_CORE)]})


@contextmanager
def every_core() -> Iterator[None]:
    """Processes started inside may use every core, as a browser should."""
    if not CAN_PIN:
        yield
        return
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, EVERY_CORE)
    try:
        yield
    finally:
        os.sched_setaffinity(0, pinned)
