"""Fine-tuning strategies: which parts train, and the proof that the rest did not move."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from benchmark.errors import ProtocolError, unknown_name
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.whole_networks import Chain


@dataclass(frozen=True)
class Frozen:
    """The frozen tensors of a network, and what happens to its frozen normalisation layers."""

    tensors: Mapping[str, torch.Tensor]
    layers: tuple[nn.Module, ...]

    def set_modes(self, network: nn.Module) -> None:
        """Training mode for what trains, evaluation mode for frozen norm layers and dropout."""
        network.train()
        for layer in self.layers:
            layer.eval()

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of every frozen tensor."""
        return {name: _hash(tensor) for name, tensor in self.tensors.items()}

    def verify(self, before: Mapping[str, str]) -> None:
        """Prove that nothing frozen has moved.

        Raises:
            ProtocolError: Naming how many tensors moved, and the first.
        """
        moved = [name for name, value in self.fingerprint().items() if before[name] != value]
        if moved:
            raise ProtocolError(f"{len(moved)} frozen tensors moved (first: {moved[0]})")


def parts(network: SegmentationNetwork) -> dict[str, nn.Module]:
    """What a strategy can name: encoder, decoder, decoder.0 ... decoder.N, head.

    Networks whose encoder is a chain of stages have encoder.0 ... encoder.N too, fine to coarse.
    """
    blocks = {f"decoder.{n}": block for n, block in enumerate(network.decoder.blocks)}
    if isinstance(network.encoder, Chain):
        blocks |= {f"encoder.{n}": stage for n, stage in enumerate(network.encoder.stages)}
    return {"encoder": network.encoder, "decoder": network.decoder, **blocks, "head": network.head}


def apply_strategy(
    network: SegmentationNetwork, *, train: Sequence[str], freeze_norm_stats: bool
) -> Frozen:
    """Let the named parts train and freeze everything else.

    Args:
        network: Changed in place (`requires_grad`).
        train: Names of parts.
        freeze_norm_stats: Whether the running statistics of frozen norm layers stand still too.

    Returns:
        What is frozen. Running statistics that may move are not part of the proof.

    Raises:
        ProtocolError: A part has no such name.
    """
    known = parts(network)
    for name in train:
        if name not in known:
            raise ProtocolError(unknown_name("part of the network", name, known))
    network.requires_grad_(False)
    for name in train:
        known[name].requires_grad_(True)
    training = {id(module) for name in train for module in known[name].modules()}
    frozen = [module for module in network.modules() if id(module) not in training]
    tensors: dict[str, torch.Tensor] = {
        name: value for name, value in network.named_parameters() if not value.requires_grad
    }
    if freeze_norm_stats:
        # a normalisation layer may have children: timm's hold their activation
        still = {id(buffer) for module in frozen for buffer in module.buffers(recurse=False)}
        tensors |= {n: b for n, b in network.named_buffers() if id(b) in still}
        layers = tuple(m for m in frozen if isinstance(m, (_NormBase, _DropoutNd)))
    else:
        layers = ()
    return Frozen(tensors, layers)


def _hash(tensor: torch.Tensor) -> str:
    data = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
    return hashlib.sha256(data.tobytes()).hexdigest()
