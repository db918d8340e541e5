"""Protocol version 2: the layout in memory and the compilation that make training fast."""

from collections.abc import Callable

import torch

from benchmark.cards.protocol import FineTuningProtocol
from benchmark.models.networks import SegmentationNetwork

COMPILED_FROM_STEPS = 500  # compilation takes about a minute, or seconds from its cache on disk


def accelerated(
    network: SegmentationNetwork, protocol: FineTuningProtocol, steps: int
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The forward pass of training.

    Under protocol version 2 the weights of convolutions are put channels-last, and on a GPU the
    network is compiled, unless there are too few steps to make up for it.

    Args:
        network: Changed in place; what is returned uses its weights.
        protocol: Of version 1, the network is returned as it is.
        steps: Of training.
    """
    if protocol.version == 1:
        return network
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if network.device.type != "cuda" or steps < COMPILED_FROM_STEPS:
        return network
    torch.compiler.reset()  # networks compiled before would count against a limit
    torch._dynamo.config.suppress_errors = True  # what cannot be compiled runs as it is
    compiled: Callable[[torch.Tensor], torch.Tensor] = torch.compile(network)
    return compiled
