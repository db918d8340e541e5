"""Low-rank updates of an encoder's frozen weights (LoRA: Hu et al., ICLR 2022), by peft."""

import re

import torch
from torch import nn

from benchmark.errors import ProtocolError
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.parameter_filters import lora_parameters
from benchmark.models.vision_libraries import timm

UPDATED_LAYERS = (nn.Linear, nn.Conv2d, timm.layers.Conv2dSame)


def low_rank_layers(encoder: nn.Module) -> list[str]:
    """Names of the layers that get an update.

    Linear layers of attention (query, key, value and projection) where the encoder has any;
    otherwise its convolutions and linear layers (as ConvNeXt computes convolutions of 1 x 1).
    An update of a convolution of several groups (depthwise) or of one that computes its weights
    or its padding in a way of its own could not be added to the weights, so these have none.
    """
    layers = {
        name: layer for name, layer in encoder.named_modules() if type(layer) in UPDATED_LAYERS
    }
    attention = [name for name in layers if re.search(r"(^|\.)attn\.\w+$", name)]
    return attention or [name for name, layer in layers.items() if getattr(layer, "groups", 1) == 1]


def add_low_rank(
    network: SegmentationNetwork, *, rank: int, alpha: int, seed: int, input_size: int
) -> None:
    """Replace the layers of the encoder by W + (alpha / rank) B A, in place.

    W keeps its values and is frozen; A has random values from the seed, and B is 0, so that the
    network gives what it gave before. For a convolution, A is a convolution of its kernel into
    `rank` channels and B one of 1 x 1.

    Args:
        network: With the source's weights, which have their own names only before.
        rank: Of the update.
        alpha: Its scale is alpha / rank.
        seed: Of the values of A.
        input_size: Rows and columns of the images, for a trial.

    Raises:
        ProtocolError: peft is not installed, there is no layer to update, or the encoder uses the
            weights of one without calling it, so that an update would have no effect.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model  # the extra `lora`
    except ImportError:
        raise ProtocolError(
            "lora needs the package peft; install it with `pip install 'segtransfer[lora]'`"
        ) from None
    layers = low_rank_layers(network.encoder)
    if not layers:
        raise ProtocolError("lora: this encoder has no layer to update; use another strategy")
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules="|".join(map(re.escape, layers)))
    torch.manual_seed(seed)
    inject_adapter_in_model(config, network.encoder)
    names = {id(value): name for name, value in network.named_parameters()}
    updates = list(lora_parameters(network.encoder))
    logits = network.eval()(torch.zeros((1, 1, input_size, input_size), device=network.device))
    gradients = torch.autograd.grad(logits.sum(), updates, allow_unused=True)
    unused = [names[id(u)] for u, grad in zip(updates, gradients, strict=True) if grad is None]
    if unused:
        raise ProtocolError(
            f"lora: this encoder never calls {unused[0].partition('.lora_')[0]} as a layer, so an "
            "update of it has no effect; use another strategy"
        )
