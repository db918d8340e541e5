"""A Ray cluster of several nodes, all of them processes of this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

SMALL = {"object_store_memory": 80 * 2**20, "include_dashboard": False}


@contextmanager
def ray_cluster(nodes: int = 0, **head: int) -> Iterator[Any]:
    """A head, without CPUs unless stated, and nodes of one CPU; RAY_ADDRESS names it inside."""
    for package in ("ray", "grpc"):
        pytest.importorskip(package, reason="needs Ray: pip install 'segtransfer[ray]'")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **head, **SMALL})
    for _ in range(nodes):
        made.add_node(num_cpus=1, **SMALL)
    with patch.dict(os.environ, RAY_ADDRESS=made.address):
        yield made
    made.shutdown()
