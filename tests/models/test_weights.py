"""Weights load safely, by hash, and only when they cover the part."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from support.networks import unet
from support.real_data import REAL_DATA, needs_real_data
from torch import nn

from benchmark.errors import WeightsError
from benchmark.files import sha256_of
from benchmark.models.networks import build_network
from benchmark.models.weights import load_part, read_tensors, save_network

MOBILENET = "weights/mobilenet_v2_imagenet.pth"


def network(encoder: str = "mobilenet_v2") -> nn.Module:
    return build_network(
        encoder, channels=3, input_size=64, classes=1, decoder=unet(256, 128, 64, 32, 16),
        normalisation_mean=(0.0, 0.0, 0.0), normalisation_std=(1.0, 1.0, 1.0),
    )  # fmt: skip


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("executed"),))  # type: ignore[return-value]


def test_a_saved_network_is_loaded_with_full_coverage(tmp_path: Path) -> None:
    source, other = network(), network()
    path = tmp_path / "a.safetensors"
    save_network(path, source, {})
    tensors = read_tensors(path, sha256_of(path))
    coverage = load_part(other.encoder, tensors, prefix="encoder.", name="a")  # type: ignore[arg-type]
    assert coverage.complete and coverage.parameter_share == 1.0
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            nn.Module.state_dict(source.encoder).values(),  # type: ignore[arg-type]
            nn.Module.state_dict(other.encoder).values(),  # type: ignore[arg-type]
            strict=True,
        )
    )
    assert any(name.startswith("decoder.") for name in coverage.unused)


def test_renamed_keys_are_refused_by_name(tmp_path: Path) -> None:
    part = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    renamed = {f"backbone.{key}": value for key, value in part.state_dict().items()}
    with pytest.raises(WeightsError, match=r"0 of 7 tensors.*first: 0.weight.*key_prefix"):
        load_part(part, renamed, prefix="", name="mine")
    assert load_part(part, renamed, prefix="backbone.", name="mine").complete


def test_a_partial_cover_is_refused_unless_allowed() -> None:
    part = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    tensors = {k: v.clone() for k, v in part.state_dict().items() if k != "1.running_var"}
    tensors["0.weight"] = torch.zeros(3, 1, 3, 3)
    with pytest.raises(WeightsError, match=r"1 missing .first: 1.running_var.; 1 of another shape"):
        load_part(part, tensors, prefix="", name="mine")
    coverage = load_part(part, tensors, prefix="", name="mine", allow_partial=True)
    assert not coverage.complete and 0 < coverage.parameter_share < 1


@pytest.mark.parametrize("kind", [torch.int8, torch.uint8, torch.bool, torch.complex64])
def test_quantised_weights_are_not_loaded_as_numbers(kind: torch.dtype) -> None:
    """A quantised weight of 100 may stand for 0.1; its scale is in another tensor."""
    layer = nn.Linear(2, 2, bias=False)
    name = str(kind).removeprefix("torch.")
    with pytest.raises(WeightsError, match=rf"1 of another shape or type .first: weight {name}"):
        load_part(layer, {"weight": torch.ones(2, 2, dtype=kind)}, prefix="", name="layer")
    half = torch.full((2, 2), 0.5, dtype=torch.bfloat16)
    load_part(layer, {"weight": half}, prefix="", name="layer")
    assert layer.weight.tolist() == [[0.5, 0.5]] * 2


def test_floats_of_8_bits_are_refused_by_name(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2).to(torch.float8_e4m3fn)}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="'w' is torch.float8_e4m3fn; save it as float16"):
        read_tensors(tmp_path / "w.safetensors", None)


def test_the_end_of_a_file_that_was_not_written_is_no_network() -> None:
    """A download into a file of full length, or a power loss, leaves zeros."""
    part = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3))
    tensors = {f"net.{name}": value.clone() for name, value in part.state_dict().items()}
    tensors["net.1.bias"].zero_()  # as many networks begin
    load_part(part, tensors, prefix="net.", name="mine")
    tensors["net.1.weight"].zero_()
    with pytest.raises(WeightsError, match="mine: all of tensor 'net.1.weight' is 0"):
        load_part(part, tensors, prefix="net.", name="mine")


@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", "m.safetensors.index.json"])
def test_a_part_of_a_checkpoint_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(WeightsError, match=f"{name}: refused, the checkpoint is in several files"):
        read_tensors(tmp_path / name, None)
    one = tmp_path / "model-00001-of-00001.safetensors"
    save_file({"w": torch.ones(2)}, one)
    assert list(read_tensors(one, None)) == ["w"]


def test_a_batch_counter_may_be_missing() -> None:
    part = nn.BatchNorm2d(2)
    old = {k: v for k, v in part.state_dict().items() if k != "num_batches_tracked"}
    assert load_part(part, old, prefix="", name="old").complete


def test_a_malicious_pickle_is_not_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Evil()}, tmp_path / "evil.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Evil(), protocol=2))
    for name in ("evil.pth", "bare.pth"):
        with pytest.raises(WeightsError, match="refused|damaged"):
            read_tensors(tmp_path / name, None)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_checkpoint_is_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".pth":
        torch.save({"a": torch.rand(1000)}, path)
    else:
        save_network(path, nn.Linear(30, 30), {})
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(WeightsError, match="damaged or truncated") as error:
        read_tensors(path, None)
    assert "\n" not in str(error.value)


def test_another_file_and_no_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    with pytest.raises(WeightsError, match="no such checkpoint"):
        read_tensors(path, None)
    torch.save({"a": torch.rand(3)}, path)
    with pytest.raises(WeightsError, match="SHA-256"):
        read_tensors(path, "0" * 64)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    torch.save({"a": torch.tensor([1.0, value])}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="tensor 'a' holds NaN or infinite"):
        read_tensors(tmp_path / "a.pth", None)


@needs_real_data(MOBILENET)
def test_the_real_imagenet_encoder_gives_its_reference_features() -> None:
    net = network().eval()
    tensors = read_tensors(REAL_DATA / MOBILENET, None)
    coverage = load_part(net.encoder, tensors, prefix="", name="imagenet")  # type: ignore[arg-type]
    assert coverage.complete and not coverage.unused
    x = torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224)
    with torch.inference_mode():
        features = net.encoder.features(x)  # type: ignore[operator,union-attr]
    assert features.shape == (1, 1280, 7, 7)
    assert abs(features.mean().item() - 0.116210) < 1e-4
    assert abs(features.std().item() - 0.348754) < 1e-4


def test_an_unknown_encoder_answers_with_near_matches() -> None:
    with pytest.raises(WeightsError, match="mobilenet_v2"):
        network("mobilenetv2")
    with pytest.raises(WeightsError, match="resnet18"):
        network("tu-resnet_18")
