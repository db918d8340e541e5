"""Each public checkpoint covers its encoder fully, under the names of its publisher."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from support.networks import unet
from torch import nn

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.models.networks import build_network
from benchmark.models.vision_libraries import import_torchvision
from benchmark.models.weights import load_part, read_tensors, renamed

import_torchvision()

import timm  # noqa: E402  (after the guard)
import torchvision.models  # noqa: E402

# Those with a known file; tests/cards/test_source.py holds the names of the others.
SOURCES = [
    s
    for s in Registry.load(content_roots()).sources.values()
    if s.weights and (s.weights.url or (s.weights.hub and s.weights.hub.revision))
]
SELF_SUPERVISED = {f"imagenet_resnet50_{name}" for name in ("barlow_twins", "mocov3", "simclr")}
AFTER_THE_ENCODER = {"fc", "classifier", "head", "neck", "conv_head", "bn2"}
TORCHVISION = {"v-unet": "vgg16"}
CLASSIFIERS = ("fc.", "classifier.", "head.")


def published(source: SourceCard) -> dict[str, torch.Tensor]:
    """Random tensors with the names and shapes of the published file; the classifier's are tiny."""
    assert source.weights is not None and source.encoder is not None
    with torch.device("meta"):
        if source.weights.hub is not None:
            name = source.weights.hub.repo.removeprefix("timm/")
            model = timm.create_model(name, pretrained=False)
        else:
            name = TORCHVISION.get(source.encoder, source.encoder)
            model = torchvision.models.get_model(name, weights=None)
    tensors = {
        name: torch.rand(1 if name.startswith(CLASSIFIERS) else like.shape)
        for name, like in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    if source.id not in SELF_SUPERVISED:
        return tensors
    neck = {"neck.projector.0.weight": torch.rand(8, 2048)}
    return neck | {f"backbone.{k}": v for k, v in tensors.items() if not k.startswith("fc.")}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.id)
def test_a_public_checkpoint_covers_its_encoder(source: SourceCard, tmp_path: Path) -> None:
    assert source.weights is not None and source.encoder is not None
    tensors = published(source)
    path = tmp_path / source.weights.file
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save({"state_dict": tensors} if source.id in SELF_SUPERVISED else tensors, path)
    network = build_network(
        source.encoder, channels=3, input_size=64, classes=1, decoder=unet(),
        normalisation_mean=source.input.mean, normalisation_std=source.input.std,
    )  # fmt: skip
    weights = source.weights
    read = renamed(read_tensors(path, None), weights.rename)
    coverage = load_part(network.encoder, read, prefix=weights.key_prefix, name=source.id)
    assert coverage.complete and coverage.parameter_share > 0.999  # counters of batches aside
    assert unused(coverage.unused) <= AFTER_THE_ENCODER
    loaded = nn.Module.state_dict(network.encoder)
    assert all(
        torch.equal(value, read[weights.key_prefix + name])
        for name, value in loaded.items()
        if not name.endswith("num_batches_tracked")
    )
    with torch.inference_mode():
        assert network.eval()(torch.rand(1, 1, 64, 64)).shape == (1, 1, 64, 64)


def unused(names: tuple[str, ...]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize(
    "source", [s for s in SOURCES if s.id.endswith("_torchvision")], ids=lambda source: source.id
)
def test_addresses_are_those_of_the_installed_torchvision(source: SourceCard) -> None:
    assert source.weights is not None and source.weights.sha256 is not None
    choices = torchvision.models.get_model_weights(source.encoder)
    weights = choices["IMAGENET1K_V1"]
    assert source.weights.url == weights.url
    assert weights.url.endswith(f"-{source.weights.sha256}.pth")
    preset = weights.transforms()
    assert (list(source.input.mean), list(source.input.std)) == (preset.mean, preset.std)
