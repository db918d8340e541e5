"""The Ray cluster of a run: connecting to it, and how many cells it has room for."""

import logging
import os
import socket
import time
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from benchmark.errors import ProtocolError, in_one_line
from benchmark.running.options import GIB, RayTask

CONNECT_S = 10.0  # until a cluster has to answer
LOOK_S = 10.0  # between looks at the nodes while cells are under way
LOG = logging.getLogger("segtransfer")


def import_ray() -> Any:
    """Ray itself.

    Raises:
        ProtocolError: It is not installed.
    """
    try:
        import ray
    except ImportError:
        raise ProtocolError(
            "--engine ray: Ray is not installed; type pip install 'segtransfer[ray]'"
        ) from None
    return ray


def connect(ray: Any) -> None:
    """Connect to the cluster of RAY_ADDRESS, or start one on this machine.

    Raises:
        ProtocolError: None answers, or none can be started.
    """
    address = os.environ.get("RAY_ADDRESS", "")
    local = {} if address else {"include_dashboard": False}
    try:
        _check_listening(address)
        ray.init(logging_level="ERROR", log_to_driver=False, **local)
    except Exception as error:  # Ray raises many kinds
        why = in_one_line(error)
        raise ProtocolError(
            f"RAY_ADDRESS {address}: no cluster to be used there ({why}); start one with "
            "`ray start --head`, or unset RAY_ADDRESS to have one started here"
            if address
            else f"no Ray cluster could be started here ({why}); type the same command again when "
            "the machine is less busy, or without --engine ray"
        ) from None


def _check_listening(address: str) -> None:
    """Ray itself tries for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isdecimal():
        try:
            socket.create_connection((host, int(port)), CONNECT_S).close()
        except OSError as error:
            raise ProtocolError(error.strerror or str(error)) from None


def count_room(task: RayTask, ray: Any) -> int:
    """How many tasks the nodes have room for; a line of notice if others use it at the moment.

    Raises:
        ProtocolError: No node has room for one.
    """
    nodes = _living(ray)
    count = sum(_room(task, has) for has in nodes)
    if not count:
        raise ProtocolError(
            f"{_nothing_fits(task, nodes)}; type smaller --cpus-per-cell, --gpus-per-cell or "
            "--memory-per-cell, or add nodes first"
        )
    if not _room(task, free := ray.available_resources()):
        wanted = _named(task.resources)
        LOG.warning("the Ray cluster is busy: cells wait for %s, free: %s", wanted, _named(free))
    return count


class LostNodes:
    """Watches a cluster for the loss of all nodes on which a task fits; Ray waits for others."""

    def __init__(self, task: RayTask) -> None:
        """Nothing lost yet."""
        self._task, self._lost, self._next = task, False, time.monotonic() + LOOK_S
        self._lock = Lock()

    def look(self, ray: Any) -> None:
        """A line of notice at each such loss; asks the cluster every `LOOK_S` at most."""
        with self._lock:
            if time.monotonic() < self._next:
                return
            nodes, before = _living(ray), self._lost
            self._lost = not any(_room(self._task, has) for has in nodes)
            if self._lost and not before:
                what = _nothing_fits(self._task, nodes)
                LOG.warning("%s: lost in mid-run; cells wait until such a node comes back", what)
            self._next = time.monotonic() + LOOK_S


def _living(ray: Any) -> list[Mapping[str, float]]:
    """What each node that is alive has."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _nothing_fits(task: RayTask, nodes: Iterable[Mapping[str, float]]) -> str:
    have = "; ".join(sorted(map(_named, nodes))) or "nothing"
    wanted = _named(task.resources)
    return f"no node of the Ray cluster has {wanted} for a cell (they have: {have})"


def _room(task: RayTask, resources: Mapping[str, float]) -> int:
    """How many tasks these resources are enough for; each is on one GPU, shared or not."""
    room = [int(resources.get(name, 0) / amount) for name, amount in task.resources.items()]
    if task.gpus:
        room.append(int(resources.get("GPU", 0)) * int(1 / task.gpus))
    return min(room)


def _named(resources: Mapping[str, float]) -> str:
    """Resources as people write them."""
    parts = [f"{resources[name]:g} {name}" for name in ("CPU", "GPU") if resources.get(name)]
    if memory := resources.get("memory"):
        parts.append(f"{memory / GIB:.4g} GiB")
    return ", ".join(parts) or "nothing"
