"""Checkpoints of many formats are read; a file that would run code or has no tensors is refused."""

import argparse
import enum
import io
import operator
import os
import pickle
import struct
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.errors import WeightsError
from benchmark.models.checkpoints.old_pickles import Placeholder, TensorUnpickler, read_pickle
from benchmark.models.checkpoints.read import open_checkpoint
from benchmark.models.checkpoints.sandbox import _refuse
from benchmark.models.checkpoints.state_dict import find_state_dict
from benchmark.models.vision_libraries import import_torchvision
from benchmark.models.weights import MoreThanTensors, read_file, save_tensors

torchvision = import_torchvision()


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 3)
        self.body = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1))


STATE = Small().state_dict()


def same(tensors: dict[str, torch.Tensor]) -> bool:
    return list(tensors) == list(STATE) and all(
        torch.equal(tensors[k], v) for k, v in STATE.items()
    )


FORMS: dict[str, Callable[[Path], object]] = {
    "plain": lambda p: torch.save(STATE, p),
    "wrapped": lambda p: torch.save({"epoch": 3, "state_dict": STATE, "best": 0.5}, p),
    "with an optimiser": lambda p: torch.save(
        {"model": STATE, "optimizer": {"state": {0: {"exp_avg": torch.rand(99, 99)}},
         "big": torch.rand(999)}}, p),
    "with a class": lambda p: torch.save({"model": STATE, "args": argparse.Namespace(lr=1)}, p),
    "pickled as an object": lambda p: torch.save(Small.loaded(), p),  # type: ignore[attr-defined]
    "before 1.6": lambda p: torch.save(
        {"model": STATE, "args": argparse.Namespace()}, p, _use_new_zipfile_serialization=False),
    "arrays": lambda p: p.write_bytes(
        pickle.dumps({"model": {k: v.numpy() for k, v in STATE.items()}, "by": np.float32(1)})),
    "arrays of protocol 2": lambda p: p.write_bytes(
        pickle.dumps({k: v.numpy() for k, v in STATE.items()}, protocol=2)),
}  # fmt: skip


def _loaded() -> Small:
    network = Small()
    network.load_state_dict(STATE)
    return network


Small.loaded = staticmethod(_loaded)  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", FORMS)
def test_the_tensors_are_found_in_their_order(form: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    FORMS[form](path)
    try:
        tensors = find_state_dict(read_file(path)).tensors
    except MoreThanTensors:
        tensors = find_state_dict(read_pickle(path)).tensors
    assert same(tensors)


def test_notes_state_the_isolation_and_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    FORMS["with a class"](path)
    opened = open_checkpoint(path)
    assert same(opened.tensors)
    notes = " ".join(opened.notes)
    assert "isolated process" in notes and "left out: argparse.Namespace (1)" in notes
    assert "network" in notes and "refuses sockets" in notes and not opened.as_stored


def test_of_two_networks_the_teacher_is_chosen_and_the_other_named(tmp_path: Path) -> None:
    path = tmp_path / "dino.pth"
    other = {key: value + 1 for key, value in STATE.items()}
    torch.save({"student": other, "teacher": STATE}, path)
    opened = open_checkpoint(path)
    assert same(opened.tensors) and "--part: student" in opened.notes[-1]
    assert not same(open_checkpoint(path, "student").tensors)
    with pytest.raises(WeightsError, match="Did you mean 'teacher'"):
        open_checkpoint(path, "techer")


def flat(*prefixes: str) -> dict[str, torch.Tensor]:
    """Copies of one network side by side, of different values."""
    network = torchvision.models.get_model("mobilenet_v3_small", weights=None)
    return {
        f"{prefix}{name}": value + number
        for number, prefix in enumerate(prefixes)
        for name, value in network.state_dict().items()
    }


@pytest.mark.parametrize(
    ("prefixes", "chosen"),
    [
        (("student.", "teacher."), "teacher"),
        (("teacher.", "student."), "teacher"),
        (("module.student.", "module.teacher."), "module.teacher"),
        (("momentum_encoder.", "base_encoder."), "base_encoder"),
        (("model.", "model_ema."), "model_ema"),
    ],
)
def test_copies_in_one_dictionary_are_two_parts(prefixes: tuple[str, ...], chosen: str) -> None:
    tensors = flat(*prefixes)
    found = find_state_dict({"state_dict": tensors, "epoch": 3})
    names = [prefix.removesuffix(".") for prefix in prefixes]
    (other,) = set(names) - {chosen}
    assert found.notes[0] == f"opened: state_dict.{chosen}"
    assert found.notes[1].endswith(f"--part: state_dict.{other}")
    assert all(torch.equal(v, tensors[f"{chosen}.{k}"]) for k, v in found.tensors.items())
    part = other.rpartition(".")[2]
    assert find_state_dict({"state_dict": tensors}, part).notes[0] == f"opened: state_dict.{other}"


def test_equal_blocks_of_one_network_are_one_part() -> None:
    blocks = {f"blocks.{n}.{m}.weight": torch.rand(4, 4) for n in range(2) for m in range(9)}
    stages = {f"layer{n}.{m}.weight": torch.rand(4, 4) for n in range(4) for m in range(9)}
    for tensors in (blocks, stages):
        assert same_names(find_state_dict(tensors).tensors, tensors)


def same_names(found: dict[str, torch.Tensor], tensors: dict[str, torch.Tensor]) -> bool:
    return list(found) == list(tensors)


@pytest.mark.parametrize("state", ["exp_avg", "momentum_buffer", "grads"])
def test_the_state_of_an_optimiser_is_no_network(state: str, tmp_path: Path) -> None:
    """Its moments have the names and shapes of the weights."""
    torch.save({"step": 3, state: STATE}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="no tensors by name"):
        open_checkpoint(tmp_path / "a.pth")
    empty = {name: torch.zeros(0) for name in STATE}
    torch.save({"args": argparse.Namespace(), "model": empty}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="a.pth: tensor '.*' is empty"):
        open_checkpoint(tmp_path / "a.pth")
    torch.save({state: {k: v + 1 for k, v in STATE.items()}, "ema": STATE}, tmp_path / "a.pth")
    assert same(open_checkpoint(tmp_path / "a.pth").tensors)


def test_a_name_with_loss_in_it_is_no_loss(tmp_path: Path) -> None:
    torch.save({"lowest_loss_weights": STATE, "loss": {"a": torch.rand(99)}}, tmp_path / "a.pth")
    assert same(open_checkpoint(tmp_path / "a.pth").tensors)


def test_safetensors_of_another_name_are_read(tmp_path: Path) -> None:
    save_tensors(tmp_path / "a.safetensors", STATE, {})
    (tmp_path / "a.safetensors").rename(tmp_path / "a.bin")
    opened = open_checkpoint(tmp_path / "a.bin")
    assert same({name: opened.tensors[name] for name in STATE}) and not opened.as_stored


class Precision(enum.Enum):
    HALF = 16

    def __reduce_ex__(self, protocol: Any) -> Any:
        return getattr, (self.__class__, self._name_)  # as Python 3.11.0 to 3.11.3 pickles it


class WithCallback(Small):
    def __init__(self) -> None:
        super().__init__()
        self.load_state_dict(STATE)
        self.callback = self.called
        for parameter in self.parameters():
            parameter.weight_decay = 0.0  # type: ignore[attr-defined]

    def called(self) -> None:
        raise AssertionError("code of the checkpoint was run")


KEPT_OUT: dict[str, tuple[Callable[[], object], str]] = {
    "a member of an enum": (lambda: {"model": STATE, "args": {"precision": Precision.HALF}},
                            "getattr"),
    "an itemgetter": (lambda: {"model": STATE, "args": operator.itemgetter("loss")},
                      "operator.itemgetter"),
    "a namespace": (lambda: {"model": STATE, "args": types.SimpleNamespace(lr=0.1)},
                    "types.SimpleNamespace"),
    "a bound method, and parameters with attributes": (WithCallback, "getattr"),
}  # fmt: skip


@pytest.mark.parametrize("what", KEPT_OUT)
def test_harmless_objects_are_left_out_and_named(what: str, tmp_path: Path) -> None:
    build, name = KEPT_OUT[what]
    torch.save(build(), tmp_path / "a.ckpt")
    TensorUnpickler.left_out.clear()
    assert same(find_state_dict(read_pickle(tmp_path / "a.ckpt")).tensors)
    assert any(left_out.endswith(name) for left_out in TensorUnpickler.left_out)


class Call:
    """Pickles to a call of anything with anything."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def run_something(path: Path) -> None:
    path.touch()


HOSTILE: dict[str, tuple[Any, str]] = {
    "system": (Call(os.system, "touch executed"), "names .*system"),
    "eval": (Call(eval, "open('executed', 'w')"), "names .*eval"),
    "own function": (Call(run_something, Path("executed")), "no tensors by name"),
    "getattr": (Call(getattr, Path("executed"), "touch"), "no tensors by name"),
    "call of an attribute": (
        b"cbuiltins\ngetattr\n(cpathlib\nPath\nS'cwd'\ntR(tR.",
        "not callable|no tensors by name",
    ),
    "torch.load": (Call(torch.load, "other.pth"), "names torch.serialization.load"),
    "older text": (b"cos\nsystem\n(S'touch executed'\ntR.", "names os.system"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_the_unpickler_runs_no_code(
    attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    payload, message = HOSTILE[attack]
    path = tmp_path / "evil.pkl"
    path.write_bytes(payload if isinstance(payload, bytes) else pickle.dumps(payload, protocol=2))
    with pytest.raises((pickle.UnpicklingError, WeightsError, TypeError), match=message):
        find_state_dict(read_pickle(path))
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("wrapped", ["bare", "in a zip"])
def test_a_hostile_checkpoint_is_refused_and_not_run(
    wrapped: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, evil = tmp_path / "evil.pth", {"model": STATE, "extra": HOSTILE["system"][0]}
    if wrapped == "bare":
        path.write_bytes(pickle.dumps(evil["extra"]))
    else:
        torch.save(evil, path)
    with pytest.raises(WeightsError, match="names .*system") as caught:
        open_checkpoint(path)
    assert "\n" not in str(caught.value) and not (tmp_path / "executed").exists()


def test_a_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "program.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"program/{name}", pickle.dumps({}))
    with pytest.raises(WeightsError, match="TorchScript program|damaged"):
        open_checkpoint(path)
    with pytest.raises(pickle.UnpicklingError, match="TorchScript program"):
        read_pickle(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", pickle.dumps(bytes(2**25), protocol=2))
    with pytest.raises(WeightsError, match="would unpack to 33554"):
        open_checkpoint(path)


def test_memory_that_a_pickle_asks_for_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "large.pkl"
    path.write_bytes(pickle.dumps(Call(np.ndarray, (2**45,)), protocol=2))
    with pytest.raises(WeightsError, match="refused"):
        open_checkpoint(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    state = {"a": torch.tensor([1.0, value])}
    torch.save(state, tmp_path / "a.pth")
    save_tensors(tmp_path / "b.safetensors", state, {})
    for name in ("a.pth", "b.safetensors"):
        with pytest.raises(WeightsError, match="'a' holds NaN or infinite"):
            open_checkpoint(tmp_path / name)


def test_a_checkpoint_without_tensors_is_one_line(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="a.pth: no tensors by name"):
        open_checkpoint(tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="no such checkpoint"):
        open_checkpoint(tmp_path / "b.pth")


def test_other_classes_become_placeholders() -> None:
    for module, name in (("argparse", "Namespace"), ("torch.nn.modules.conv", "Conv2d")):
        assert TensorUnpickler(io.BytesIO()).find_class(module, name) is Placeholder


@pytest.mark.parametrize(
    ("event", "arguments", "refused"),
    [
        ("socket.connect", (None, ("127.0.0.1", 80)), True),
        ("subprocess.Popen", ("ls", [], None, None), True),
        ("os.system", ("ls",), True),
        ("open", ("a", "w", os.O_WRONLY), True),
        ("open", ("a", None, os.O_RDWR | os.O_CREAT), True),
        ("open", ("a", "rb", os.O_RDONLY), False),
        ("pickle.find_class", ("a", "b"), False),
    ],
)
def test_side_effects_are_refused(event: str, arguments: Any, refused: bool) -> None:
    try:
        _refuse(event, arguments)
    except PermissionError:
        assert refused
    else:
        assert not refused


def header(text: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + body


SAFETENSORS = {
    "huge header": header(b"{}", length=2**62),
    "header beyond the file": header(b"{}", length=99),
    "huge shape": header(
        b'{"a":{"dtype":"F32","shape":[1152921504606846976,16],"data_offsets":[0,4]}}', bytes(4)),
    "shape that overflows": header(
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}', bytes(4)),
    "shape of another size": header(
        b'{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,4]}}', bytes(4)),
    "overlap": header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "backwards": header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', bytes(4)),
    "hole": header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', bytes(8)),
    "beyond the end": header(
        b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', bytes(4)),
    "negative": header(
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', bytes(4)),
    "one name twice": header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(4)),
    "no JSON": header(b"<html>"),
    "nothing": b"",
    "a pickle": pickle.dumps({"a": 1}),
}  # fmt: skip


@pytest.mark.parametrize("attack", SAFETENSORS)
def test_a_forged_safetensors_file_is_refused(attack: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(SAFETENSORS[attack])
    with pytest.raises(WeightsError, match="damaged or truncated|no tensors") as caught:
        open_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["plain", "with a class"])
def test_a_truncated_file_is_refused(form: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    FORMS[form](path)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(WeightsError, match="damaged") as caught:
        open_checkpoint(path)
    assert "\n" not in str(caught.value)
