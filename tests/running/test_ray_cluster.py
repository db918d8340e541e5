"""A Ray cluster that does not answer, has no room or is busy."""

import socket
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

import benchmark.running.ray_cluster as ray_cluster
from benchmark.errors import ProtocolError
from benchmark.running.options import RayTask
from benchmark.running.ray_cluster import LostNodes, connect, count_room

NODES = [
    {"Alive": True, "Resources": {"CPU": 8.0, "GPU": 2.0, "memory": 64.0 * 2**30}},
    {"Alive": True, "Resources": {"CPU": 3.0}},
    {"Alive": False, "Resources": {"CPU": 99.0}},
]


def cluster_of(nodes: list[dict[str, Any]], free: dict[str, float] | None = None) -> Any:
    """Ray, as far as it is asked for room."""
    idle = nodes[0]["Resources"] if free is None else free
    return SimpleNamespace(nodes=lambda: nodes, available_resources=lambda: idle)


@pytest.mark.parametrize(
    ("task", "count"),
    [
        (RayTask(), 11),
        (RayTask(cpus=2), 4 + 1),
        (RayTask(gpus=0.25), 8),
        (RayTask(cpus=0.5, gpus=0.4), 4),
        (RayTask(cpus=4, gpus=1), 2),
        (RayTask(memory_gib=30), 2),
    ],
)
def test_as_many_cells_are_under_way_as_the_nodes_have_room_for(task: RayTask, count: int) -> None:
    assert count_room(task, cluster_of(NODES)) == count


def test_a_cell_that_fits_no_node_is_refused() -> None:
    message = (
        r"has 9 CPU, 1 GPU, 100 GiB for a cell \(they have: 3 CPU; 8 CPU, 2 GPU, 64 GiB\); type"
    )
    with pytest.raises(ProtocolError, match=message):
        count_room(RayTask(cpus=9, gpus=1, memory_gib=100), cluster_of(NODES))


def test_a_busy_cluster_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert count_room(RayTask(cpus=4), cluster_of(NODES, free={"CPU": 1.0})) == 2
    assert caplog.messages == ["the Ray cluster is busy: cells wait for 4 CPU, free: 1 CPU"]


def test_the_loss_of_all_nodes_that_fit_is_named_once_each_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "LOOK_S", 0.0)
    lost = LostNodes(RayTask(cpus=4))
    for nodes in (NODES, NODES[1:], NODES[1:], NODES, []):
        lost.look(cluster_of(nodes, free={}))
    assert caplog.messages == [
        f"no node of the Ray cluster has 4 CPU for a cell (they have: {have}): lost in mid-run; "
        "cells wait until such a node comes back"
        for have in ("3 CPU", "nothing")
    ]


def test_nodes_are_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "LOOK_S", 3600.0)
    nodes = Mock()
    LostNodes(RayTask()).look(SimpleNamespace(nodes=nodes))
    nodes.assert_not_called()


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("ray://head:10001", ConnectionError("timeout"), "^RAY_ADDRESS ray://head.*timeout.*unset"),
        ("", Exception("node timed out"), "^no Ray cluster could be started here .*out.*again"),
    ],
)
def test_a_cluster_that_does_not_answer_or_start_is_refused(
    address: str, error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**_: object) -> None:
        raise error

    monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.setattr(socket, "create_connection", lambda *_: Mock())
    with pytest.raises(ProtocolError, match=message):
        connect(SimpleNamespace(init=init))


def test_an_address_where_nothing_listens_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as bound:  # and nobody accepts
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(
            ProtocolError, match=r"^RAY_ADDRESS 127\.0\.0\.1:\d+: .*there \(Connection refused\);"
        ):
            connect(SimpleNamespace(init=pytest.fail))
