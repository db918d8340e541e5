"""Devices by name."""

import pytest
import torch

from benchmark.errors import ProtocolError
from benchmark.running.devices import choose_device, environment
from benchmark.running.options import RayTask, RunOptions


@pytest.mark.parametrize(
    ("name", "cards", "expected"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_device_by_name(
    name: str, cards: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    assert choose_device(name) == torch.device(expected)


@pytest.mark.parametrize(
    ("name", "cards", "message"),
    [
        ("gpu", 1, "unknown device 'gpu'; type --device auto, cpu, cuda or cuda:N"),
        ("cuda:", 1, "unknown device"),
        ("cpu:0", 1, "unknown device"),
        ("cuda:-1", 1, "unknown device"),
        ("cuda", 0, "no device 'cuda'.*available: cpu$"),
        ("cuda:2", 2, "no device 'cuda:2'.*available: cpu, cuda:0, cuda:1$"),
    ],
)
def test_a_device_that_this_machine_does_not_have(
    name: str, cards: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    with pytest.raises(ProtocolError, match=message):
        choose_device(name)


@pytest.mark.parametrize(
    ("options", "device"),
    [
        (RunOptions(), "Card"),
        (RunOptions(jobs=2), "Card, 2 cells at a time"),
        (RunOptions(jobs=2, ray=RayTask(gpus=1)), "Card"),
        (RunOptions(ray=RayTask(gpus=0.25)), "Card, 0.25 of it"),
    ],
)
def test_cells_that_share_a_gpu_say_so(
    options: RunOptions, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Card")
    assert environment(torch.device("cuda"), options.gpu_shared).device == device
    assert environment(torch.device("cpu"), options.gpu_shared).device == "cpu"
