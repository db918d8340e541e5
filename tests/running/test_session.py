"""A run's threads: the same number for every cell, whatever runs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.factories import threads_here

from benchmark.cards.registry import Registry
from benchmark.running.session import RunOptions, RunSession
from benchmark.workspace import Workspace

EMPTY = Registry(datasets={}, sources={}, targets={}, boards={}, folders={})


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("items", [1, 3])  # alone in this process, or in processes
def test_every_cell_has_the_threads_of_the_options(items: int, tmp_path: Path) -> None:
    with RunSession(Workspace(EMPTY, tmp_path), RunOptions(jobs=2, threads=3)) as session:
        found = [
            done.result() for _, done in session.workers.as_completed(threads_here, range(items))
        ]
    assert found == [3] * items
