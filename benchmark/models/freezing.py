"""Fine-tuning strategies: which parts train, and the proof that frozen tensors do not change."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from benchmark.errors import ProtocolError, unknown_name
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.parameter_filters import FILTERS
from benchmark.models.patch_encoders import PatchEncoder
from benchmark.models.plain_networks import SequentialEncoder


@dataclass(frozen=True)
class Frozen:
    """The frozen tensors of a network, and its frozen normalisation and dropout layers."""

    tensors: Mapping[str, torch.Tensor]
    layers: tuple[nn.Module, ...]

    def set_modes(self, network: nn.Module) -> None:
        """Training mode for the network, evaluation mode for its frozen layers."""
        network.train()
        for layer in self.layers:
            layer.eval()

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of every frozen tensor."""
        return {name: _hash(tensor) for name, tensor in self.tensors.items()}

    def verify(self, before: Mapping[str, str]) -> None:
        """Prove that no frozen tensor has changed.

        Args:
            before: Hashes of `fingerprint` before the training.

        Raises:
            ProtocolError: Naming how many tensors changed, and the first.
        """
        changed = [name for name, value in self.fingerprint().items() if before[name] != value]
        if changed:
            raise ProtocolError(f"{len(changed)} frozen tensors changed (first: {changed[0]})")


def parts(network: SegmentationNetwork) -> dict[str, nn.Module]:
    """The parts that a strategy can name: encoder, decoder, decoder.0 ... decoder.N, head.

    Blocks of a U-Net's decoder go from coarse to fine, those of DPT's from the last map to the
    first. Networks with a sequential encoder also have encoder.0 ... encoder.N, fine to coarse;
    plain vision transformers, first to last block. A linear head has a decoder without tensors.
    """
    decoder_blocks = getattr(network.decoder, "blocks", ())
    blocks = {f"decoder.{n}": block for n, block in enumerate(decoder_blocks)}
    if isinstance(network.encoder, (SequentialEncoder, PatchEncoder)):
        blocks |= {f"encoder.{n}": stage for n, stage in enumerate(network.encoder.stages)}
    return {"encoder": network.encoder, "decoder": network.decoder, **blocks, "head": network.head}


def apply_strategy(
    network: SegmentationNetwork, *, train: Sequence[str], freeze_norm_stats: bool
) -> Frozen:
    """Let the named parts train and freeze everything else.

    Args:
        network: Changed in place (`requires_grad`).
        train: Names of parts, each with all of its parameters, or with those of a filter
            (`encoder.norm`).
        freeze_norm_stats: Whether the running statistics of norm layers outside the parts that
            train with all of their parameters are frozen too.

    Returns:
        The frozen tensors by the names that they had before low-rank updates were inserted.
        Running statistics that may change are not among them.

    Raises:
        ProtocolError: No part has that name, or its filter finds no parameter.
    """
    known = parts(network)
    network.requires_grad_(False)
    for name in train:
        for parameter in _trained(known, name):
            parameter.requires_grad_(True)
    tensors: dict[str, torch.Tensor] = {
        name.replace(".base_layer.", "."): value
        for name, value in network.named_parameters()
        if not value.requires_grad
    }
    if not freeze_norm_stats:
        return Frozen(tensors, ())
    whole = [known[name] for name in train if name in known]
    training = {id(module) for part in whole for module in part.modules()}
    modules = [module for module in network.modules() if id(module) not in training]
    # a normalisation layer may have children: timm's hold their activation
    buffers = {id(buffer) for module in modules for buffer in module.buffers(recurse=False)}
    tensors |= {name: value for name, value in network.named_buffers() if id(value) in buffers}
    return Frozen(tensors, tuple(m for m in modules if isinstance(m, (_NormBase, _DropoutNd))))


def _trained(known: Mapping[str, nn.Module], name: str) -> list[nn.Parameter]:
    """The parameters of a part, or those of its filter."""
    if name in known:
        return list(known[name].parameters())
    part, _, word = name.rpartition(".")
    if part not in known or word not in FILTERS:
        names = [*known, *(f"encoder.{word}" for word in FILTERS)]
        raise ProtocolError(unknown_name("part of the network", name, names))
    trained = list(FILTERS[word](known[part]))
    if not trained:
        raise ProtocolError(f"{name} holds no parameter in this network; train another part")
    return trained


def _hash(tensor: torch.Tensor) -> str:
    data = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
    return hashlib.sha256(data.tobytes()).hexdigest()
