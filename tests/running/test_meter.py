"""Time, memory, energy and GPU utilisation of each stretch of work, or None if unreadable."""

import threading
import time
from mmap import mmap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest
import torch

from benchmark.errors import ProtocolError
from benchmark.running import meter


def energy_of(measured: dict[str, Any]) -> tuple[float | None, str]:
    """Joules and method."""
    return measured["energy_joules"], measured["energy_method"]


def readings(measured: dict[str, Any]) -> tuple[float | None, str, float | None]:
    """Joules, method and GPU utilisation."""
    return *energy_of(measured), measured["gpu_utilisation_percent"]


CPU, GPU = torch.device("cpu"), torch.device("cuda:1")


def test_rapl_is_read_before_and_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "RAPL", tmp_path)
    for name, value in (("intel-rapl:0", 5_000_000), ("intel-rapl:0:0", 1), ("intel-rapl:1", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(str(value))
    with meter.metered(CPU) as measured:
        (tmp_path / "intel-rapl:1" / "energy_uj").write_text("2500000")
    assert energy_of(measured) == (2.5, "RAPL")
    with meter.metered(CPU) as measured:  # the counter ran over
        (tmp_path / "intel-rapl:0" / "energy_uj").write_text("0")
    assert energy_of(measured) == (None, "none")


def test_without_a_counter_the_method_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "RAPL", tmp_path)
    with meter.metered(CPU) as measured:
        pass
    assert energy_of(measured) == (None, "none")
    assert measured["gpu_utilisation_percent"] is None


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="run on Linux: needs /proc/self/clear_refs"
)
def test_the_peak_of_memory_is_reset() -> None:
    peaks = []
    for mib in (300, 100):
        with meter.metered(CPU) as measured:
            with mmap(-1, mib * 2**20) as fresh:  # not what the allocator kept
                for page in range(0, len(fresh), 4096):
                    fresh[page] = 1
        peaks.append(measured["peak_memory_mib"])
    assert peaks[0] - peaks[1] == pytest.approx(200, abs=30)


def test_without_proc_the_peak_is_that_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "PROCESS", tmp_path / "none")
    with meter.metered(CPU) as measured:
        pass
    assert measured["peak_memory_mib"] > 50  # torch is loaded


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A card of NVML's that is the second for CUDA; what it reads can be changed."""
    state = {"busy": 50.0, "millijoules": 7_000.0, "peak": 0.0}
    handles = {"GPU-8c1d": "the second"}

    def handle(uuid: str) -> str:
        if uuid not in handles:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return handles[uuid]

    def energy(card: object) -> float:
        assert card == "the second"
        if state["millijoules"] < 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return state["millijoules"]

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", handle)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", energy)
    monkeypatch.setattr(
        pynvml, "nvmlDeviceGetUtilizationRates", lambda card: SimpleNamespace(gpu=state["busy"])
    )
    names = {GPU: "8c1d", torch.device("cuda:0"): "part of a card"}
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda one: SimpleNamespace(uuid=names[one])
    )
    monkeypatch.setattr(torch.cuda, "synchronize", lambda one: None)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda one: state.update(peak=0))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda one: int(state["peak"]))
    monkeypatch.setattr(meter, "SAMPLING_PERIOD_S", 0.01)
    return state


def test_a_gpu_is_read_while_the_work_goes_on(card: dict[str, float]) -> None:
    card["peak"] = 2**33  # of the cell before
    with meter.metered(GPU) as measured:
        card.update(busy=90.0, millijoules=19_500.0, peak=2**30)
        time.sleep(0.2)
    assert energy_of(measured) == (12.5, "NVML") and measured["peak_memory_mib"] == 1024
    assert measured["gpu_utilisation_percent"] is not None
    assert 80 < measured["gpu_utilisation_percent"] <= 90


def test_work_shorter_than_a_reading_is_read_at_its_end(
    card: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "SAMPLING_PERIOD_S", 60.0)
    with meter.metered(GPU) as measured:
        card["busy"] = 20.0
    assert measured["gpu_utilisation_percent"] == 20


def test_unreadable_values_are_none(card: dict[str, float]) -> None:
    card["millijoules"] = -1
    with meter.metered(GPU) as measured:
        pass
    assert readings(measured) == (None, "none", 50)
    with meter.metered(torch.device("cuda:0")) as measured:
        pass
    assert (measured["energy_joules"], measured["gpu_utilisation_percent"]) == (None, None)


def test_without_a_driver_only_time_and_memory_are_measured(
    card: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", none)
    with meter.metered(GPU) as measured:
        pass
    assert readings(measured) == (None, "none", None)


def test_work_that_fails_stops_the_readings(card: dict[str, float]) -> None:
    before = threading.active_count()
    with pytest.raises(ProtocolError), meter.metered(GPU):
        raise ProtocolError("x")
    assert threading.active_count() == before
