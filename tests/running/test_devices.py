"""Devices by name."""

import pytest
import torch

from benchmark.errors import ProtocolError
from benchmark.running.devices import choose_device


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
