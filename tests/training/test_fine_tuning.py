"""Stages, epochs, one-channel heads: protocols that published work needs."""

import numpy as np
import pytest
import torch
from support.networks import unet

from benchmark.cards.content import content_roots
from benchmark.cards.protocol import FineTuningProtocol
from benchmark.cards.registry import Registry
from benchmark.cards.strategy import Stage, Strategy
from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.errors import ProtocolError
from benchmark.models.networks import SegmentationNetwork, build_network
from benchmark.training.batches import TrainingSet
from benchmark.training.fine_tuning import fine_tune

DEMO = Registry.load(content_roots()).board("tiny_v2").protocol
ALL = ("encoder", "decoder", "head")


def protocol(**changes: object) -> FineTuningProtocol:
    base = DEMO.model_dump() | {"checkpoint": "last", "steps": 3, "evaluations": 1}
    return FineTuningProtocol.model_validate(base | changes)


def network(sigmoid: bool = False) -> SegmentationNetwork:
    torch.manual_seed(0)
    return build_network(
        "tu-test_resnet", channels=3, classes=1 if sigmoid else 2, input_size=64,
        decoder=unet(), normalisation_mean=(0.5,) * 3, normalisation_std=(0.5,) * 3,
        sigmoid=sigmoid,
    )  # fmt: skip


def data(count: int = 10) -> PreparedDataset:
    rng = np.random.default_rng(0)
    images = rng.random((count, 1, 64, 64)).astype(np.float16)
    cases = [PreparedCase(str(k), str(k), k, 1, (64, 64), (64, 64)) for k in range(count)]
    return PreparedDataset(images, (images[:, 0] > 0.5).astype(np.uint8), tuple(cases))


def tune(net: SegmentationNetwork, strategy: Strategy, how: FineTuningProtocol) -> int:
    """Fine-tune on ten slices; the number of optimiser steps."""
    prepared = data()
    training_set = TrainingSet(prepared, [case.case for case in prepared.cases], [])
    return fine_tune(net, strategy, training_set, how, flips=(), seed=0)[1]


def test_the_learning_rates_of_a_strategy_take_the_place_of_the_protocols() -> None:
    prepared = data()
    training_set = TrainingSet(prepared, [case.case for case in prepared.cases], [])
    head = Strategy(train=("head",), freeze_norm_stats=True, learning_rates=(0.25,))
    selection, steps = fine_tune(network(), head, training_set, protocol(), flips=(), seed=0)
    assert (selection.learning_rate, steps) == (0.25, 3)


def test_a_stage_trains_its_parts_first_and_only_them() -> None:
    stages = (Stage(train=("decoder", "head"), steps=2, learning_rate=1e-3),)
    net = network()
    before = {name: value.clone() for name, value in net.named_parameters()}
    head = Strategy(train=("head",), freeze_norm_stats=True, stages=stages)
    assert tune(net, head, protocol()) == 5
    moved = {
        n.partition(".")[0] for n, v in net.named_parameters() if not torch.equal(v, before[n])
    }
    assert moved == {"decoder", "head"}


def test_epochs_grow_with_the_number_of_slices() -> None:
    how = protocol(steps=None, epochs=2, batch_size=4)
    assert [how.steps_for(n) for n in (1, 4, 5, 10)] == [2, 2, 4, 6]
    assert tune(network(), Strategy(train=ALL, freeze_norm_stats=False), how) == 6
    with pytest.raises(ValueError, match="either steps or epochs"):
        protocol(epochs=2)


def test_a_head_of_one_channel_learns_like_two_logits() -> None:
    net = network(sigmoid=True)
    assert sum(p.numel() for p in net.head.parameters()) == 8 * 9 + 1
    image = torch.rand((2, 1, 64, 64))
    with torch.inference_mode():
        logits = net.eval()(image)
        raw = net.head(net.decoder(net.features(image)))
    torch.testing.assert_close(logits.softmax(1)[:, 1], raw.sigmoid()[:, 0])
    how = protocol(outputs="sigmoid", loss="cross_entropy", optimizer="adam", schedule="constant")
    tune(net, Strategy(train=ALL, freeze_norm_stats=False), how)


@pytest.mark.parametrize(
    ("train", "val", "message"), [([], ["0"], "no training"), (["0"], [], "no validation")]
)
def test_selection_needs_training_and_validation_cases(
    train: list[str], val: list[str], message: str
) -> None:
    everything = Strategy(train=ALL, freeze_norm_stats=False)
    training_set = TrainingSet(data(), train, val)
    with pytest.raises(ProtocolError, match=message):
        fine_tune(network(), everything, training_set, DEMO, flips=(), seed=0)
