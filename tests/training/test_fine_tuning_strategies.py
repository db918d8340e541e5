"""Each strategy changes exactly the parameters that it names, at the rates that it says."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from support.networks import small_network
from torch import nn

from benchmark.cards.content import content_roots
from benchmark.cards.protocol import FineTuningProtocol
from benchmark.cards.registry import Registry
from benchmark.cards.strategy import LowRankUpdate, Stage, Strategy
from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.models.layer_decay import relative_rates
from benchmark.models.low_rank import add_low_rank
from benchmark.models.networks import SegmentationNetwork
from benchmark.training.batches import TrainingSet
from benchmark.training.fine_tuning import fine_tune
from benchmark.training.schedule import make_optimizer

DEMO = Registry.load(content_roots()).board("tiny_v2").protocol
TOP = ("decoder", "head")


def fine_tuned(network: SegmentationNetwork, strategy: Strategy, **changes: object) -> int:
    """Fine-tune on six slices of noise; the number of optimiser steps."""
    base = DEMO.model_dump() | {"steps": 2, "batch_size": 2, "checkpoint": "last", "evaluations": 1}
    images = np.random.default_rng(0).random((6, 1, 64, 64)).astype(np.float16)
    cases = [PreparedCase(str(k), str(k), k, 1, (64, 64), (64, 64)) for k in range(6)]
    masks = (images[:, 0] > 0.5).astype(np.uint8)
    names = [case.case for case in cases]
    data = TrainingSet(PreparedDataset(images, masks, tuple(cases)), names[:4], names[4:])
    protocol = FineTuningProtocol.model_validate(base | changes)
    return fine_tune(network, strategy, data, protocol, flips=(), seed=0)[1]


def moved(network: SegmentationNetwork, before: dict[str, torch.Tensor]) -> set[str]:
    state = network.state_dict()
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    return {name for name in state if not torch.equal(state[name], before[name])} - counters


def is_norm(network: nn.Module, name: str) -> bool:
    layer = network.get_submodule(name.rpartition(".")[0])
    return isinstance(layer, (nn.BatchNorm2d, nn.InstanceNorm2d, nn.LayerNorm))


@pytest.mark.parametrize("encoder", ["tu-test_efficientnet", "tu-test_vit", "monai-unet"])
@pytest.mark.parametrize("word", ["bias", "norm", "lora", "none"])
def test_exactly_what_is_named_changes(encoder: str, word: str) -> None:
    network = small_network(encoder)
    lora = LowRankUpdate(rank=2, alpha=4) if word == "lora" else None
    if lora:
        add_low_rank(network, rank=2, alpha=4, seed=0, input_size=64)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    train = TOP if word == "none" else (f"encoder.{word}", *TOP)
    fine_tuned(network, Strategy(train=train, freeze_norm_stats=True, lora=lora))
    wanted: dict[str, Callable[[str], bool]] = {
        "bias": lambda name: name.endswith("bias"),
        "norm": lambda name: is_norm(network, name),
        "lora": lambda name: ".lora_" in name,
        "none": lambda name: False,
    }
    expected = {
        name for name, _ in network.encoder.named_parameters("encoder") if wanted[word](name)
    }
    changed = moved(network, before)
    assert {name for name in changed if name.startswith("encoder.")} == expected
    assert {n.partition(".")[0] for n in changed} >= set(TOP)


def test_each_learning_rate_starts_from_the_same_update() -> None:
    """The first of two rates leaves no trace: its checkpoint has the better validation Dice."""
    strategy = Strategy(
        train=("encoder.lora", *TOP), freeze_norm_stats=True, lora=LowRankUpdate(rank=2, alpha=4)
    )
    states = []
    for rates in ((1e-3,), (1e-9, 1e-3)):
        network = small_network("tu-test_resnet")
        add_low_rank(network, rank=2, alpha=4, seed=0, input_size=64)
        selects = {"checkpoint": "best_validation_dice", "learning_rates": rates}
        fine_tuned(network, strategy, **selects)
        states.append(network.state_dict())
    start = small_network("tu-test_resnet")
    add_low_rank(start, rank=2, alpha=4, seed=0, input_size=64)
    names = moved(start, states[0])
    assert names and all(torch.equal(states[0][name], states[1][name]) for name in names)


def test_layer_decay_is_the_learning_rate_of_each_depth() -> None:
    network = small_network("tu-test_resnet")
    factors = relative_rates(network, 0.5, torch.zeros((1, 1, 64, 64)))
    optimizer, schedule = make_optimizer(
        network.parameters(), "adamw", 0.1, 0.01, "cosine", 10, 0.1, relative_rates=factors
    )
    for step in range(3):
        rates = {p: group["lr"] for group in optimizer.param_groups for p in group["params"]}
        base = rates[network.head[0].bias]
        assert {rates[p] for p in network.decoder.parameters()} == {base}
        for parameter in network.encoder.parameters():
            assert rates[parameter] == pytest.approx(base * factors[parameter], rel=1e-12)
        assert len(rates) == len(list(network.parameters()))
        optimizer.step()
        schedule.step()
        assert step or base == pytest.approx(0.1 / 2)  # the first step of a warm-up of one


def test_layer_decay_moves_the_first_layer_less_than_the_last() -> None:
    network = small_network("tu-test_vit")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fine_tuned(network, Strategy(train=("encoder", *TOP), freeze_norm_stats=True, layer_decay=0.1))
    state = network.state_dict()
    names = [f"encoder.model.blocks.{block}.attn.qkv.weight" for block in range(6)]
    distances = [float((state[name] - before[name]).abs().max()) for name in names]
    for near, far in pairwise(distances):  # Adam's steps are about the learning rate
        assert 5 < far / near < 20


def test_warm_start_trains_the_decoder_before_the_rest() -> None:
    network = small_network("tu-test_resnet")
    stages = (Stage(train=TOP, steps=3, learning_rate=1e-3),)
    strategy = Strategy(train=("encoder", *TOP), freeze_norm_stats=False, stages=stages)
    assert fine_tuned(network, strategy) == 3 + 2
