"""What is checked before anything is trained."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.strategy import Strategy
from benchmark.errors import ProtocolError
from benchmark.planning.transfers import GridSelection, plan
from benchmark.running.setup import check_parts
from benchmark.workspace import Workspace


def test_a_part_that_the_network_does_not_have_is_refused(shared_home: Path) -> None:
    workspace = Workspace(Registry.load(content_roots()), shared_home)
    selection = GridSelection(sources=("scratch",), targets=("phantom_fetal_head_64",), seeds=(0,))
    (transfer,) = plan(workspace, workspace.registry.board("tiny_v2"), selection)
    check_parts([transfer])
    strategy = Strategy(train=("decoder.99",), freeze_norm_stats=True)
    with pytest.raises(ProtocolError, match="unknown part of the network 'decoder.99'"):
        check_parts([replace(transfer, strategy=strategy)])
