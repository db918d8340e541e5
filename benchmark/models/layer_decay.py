"""Learning rates that decrease from the decoder towards the image, layer by layer.

Layer-wise learning-rate decay of BEiT (Bao et al., ICLR 2022): the rate of the decoder, times
decay ** distance, where the encoder's last layer has distance 1 and each layer before one more.
"""

from collections.abc import Mapping

import torch
from torch import nn

from benchmark.models.networks import SegmentationNetwork
from benchmark.models.vision_libraries import timm


def relative_rates(
    network: SegmentationNetwork, decay: float | None, images: torch.Tensor
) -> Mapping[nn.Parameter, float]:
    """Factor of the learning rate of each parameter of the encoder; none without decay.

    Layers are those of timm (`timm.optim.param_groups_layer_decay`, with the decoder in the place
    of the classifier) for its encoders, and stages for all others.

    Args:
        network: Its modes may change.
        decay: In (0, 1], or None.
        images: (N, C, S, S) as the network takes them.
    """
    if decay is None:
        return {}
    parameters = dict(network.encoder.named_parameters())
    rates = _timm_rates(network.encoder, decay)
    if not rates:
        stage_of = stages(network, images)
        count = 1 + max(stage_of.values())
        rates = {name: decay ** (count - stage) for name, stage in stage_of.items()}
    return {parameters[name]: rate for name, rate in rates.items()}


def _timm_rates(encoder: nn.Module, decay: float) -> dict[str, float]:
    """Factors by the names of the encoder's parameters; none for encoders of other libraries.

    timm groups complete models only. Its feature extractors call their `stages.0` `stages_0`; the
    few that have other names (Xception, NASNet) get none.
    """
    published = (getattr(module, "pretrained_cfg", None) for module in encoder.modules())
    architecture = next((facts["architecture"] for facts in published if facts), None)
    if architecture is None:
        return {}
    with torch.device("meta"):
        model = timm.create_model(architecture, num_classes=1)
    names = {parameter: name for name, parameter in model.named_parameters()}
    rates = {}
    for group in timm.optim.param_groups_layer_decay(model, layer_decay=decay):
        for name in (names[parameter] for parameter in group["params"]):
            rates[name] = rates[name.replace(".", "_", 1)] = group["lr_scale"]
    plain = {name: name.rpartition("model.")[2] for name, _ in encoder.named_parameters()}
    return {name: rates[plain[name]] for name in plain} if rates.keys() >= {*plain.values()} else {}


def stages(network: SegmentationNetwork, images: torch.Tensor) -> dict[str, int]:
    """The stage of each parameter of the encoder: the first feature map that depends on it.

    Stages are numbered from 0, fine to coarse, without maps that have no parameter of their own.
    Parameters on which no map depends are in the last stage.
    """
    parameters = dict(network.encoder.named_parameters())
    trains = {name: value.requires_grad for name, value in parameters.items()}
    network.encoder.requires_grad_(True)
    stage_of: dict[str, int] = {}
    for feature_map in network.eval().features(images):
        if feature_map.requires_grad:
            gradients = torch.autograd.grad(
                feature_map.sum(), list(parameters.values()), retain_graph=True, allow_unused=True
            )
            stage = 1 + max(stage_of.values(), default=-1)
            for name, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    stage_of.setdefault(name, stage)
    for name, value in parameters.items():
        value.requires_grad_(trains[name])
    return dict.fromkeys(parameters, max(stage_of.values())) | stage_of
