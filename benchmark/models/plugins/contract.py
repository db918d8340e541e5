"""The contract of an encoder, as a test that its author can run.

In a test of your own package:

    from benchmark.models.plugins.contract import check_encoder

    def test_my_encoder_keeps_the_contract() -> None:
        check_encoder("my_encoder")
"""

from collections.abc import Sequence

import torch

from benchmark.errors import WeightsError
from benchmark.models.plugins.entry_points import PluggedEncoder, plugged_encoder

SIZES = (64, 128, 256)
DEPTH = 5


def check_encoder(name: str, channels: Sequence[int] = (1, 3)) -> list[str]:
    """Check an encoder that an installed package brings.

    For each number of input channels: the pyramid at three sizes, the same answer twice, a
    gradient for every parameter, the same initial weights from the same seed, and evaluation
    that changes nothing.

    Returns:
        One line a thing checked.

    Raises:
        WeightsError: One line with what was found and what the contract says.
    """
    said = []
    for count in channels:
        torch.manual_seed(0)
        encoder = plugged_encoder(name, count, DEPTH)
        torch.manual_seed(0)
        again = plugged_encoder(name, count, DEPTH)
        if not _equal(encoder.state_dict(), again.state_dict()):
            raise WeightsError(f"encoder {name!r}: two builds from one seed differ")
        said += [f"{count} channels, {line}" for line in _pyramids(name, encoder, count)]
        _gradients(name, encoder, count)
    return said


def _pyramids(name: str, encoder: PluggedEncoder, channels: int) -> list[str]:
    encoder.eval()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    said = []
    for size in SIZES:
        images = torch.rand((2, channels, size, size))
        with torch.inference_mode():
            maps, again = encoder(images), encoder(images)
        found = [tuple(one.shape) for one in maps]
        wanted = [(2, width, size // stride, size // stride) for width, stride in
                  zip(encoder.out_channels, (1, *encoder.wanted), strict=True)]  # fmt: skip
        if found != wanted:
            raise WeightsError(
                f"encoder {name!r} at {size} x {size}: maps are {found}, its out_channels and "
                f"strides say {wanted}"
            )
        if not all(one.isfinite().all() for one in maps):
            raise WeightsError(f"encoder {name!r} at {size} x {size}: a map is not finite")
        if not all(map(torch.equal, maps, again)):
            raise WeightsError(f"encoder {name!r}: two forward passes in eval() differ")
        said.append(f"{size} x {size}: {', '.join(str(shape[1:]) for shape in found[1:])}")
    if not _equal(before, encoder.state_dict()):
        raise WeightsError(f"encoder {name!r}: a forward pass in eval() changes its tensors")
    return said


def _gradients(name: str, encoder: PluggedEncoder, channels: int) -> None:
    encoder.train()
    maps = encoder(torch.rand((2, channels, SIZES[0], SIZES[0])))
    sum(one.float().square().sum() for one in maps[1:]).backward()
    idle = [key for key, value in encoder.named_parameters() if value.grad is None]
    if idle:
        raise WeightsError(
            f"encoder {name!r}: {len(idle)} parameters are in no map (first: {idle[0]}); leave "
            "heads out"
        )


def _equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
