"""The contract of encoders: feature pyramids at several sizes, determinism, gradients.

The author of an encoder can check it in a test of the own package:

    from benchmark.models.plugins.contract import check_encoder

    def test_my_encoder_keeps_the_contract() -> None:
        check_encoder("my_encoder")
"""

from collections.abc import Callable, Sequence

import torch

from benchmark.errors import WeightsError
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.plugins.entry_points import PluggedEncoder, plugged_encoder

SIZES = (64, 128, 256)
DEPTH = 5


def check_maps(
    network_at: Callable[[int], SegmentationNetwork], one_size: bool = False
) -> list[str]:
    """Check the feature maps and the logits of a network at three image sizes.

    Args:
        network_at: Makes a network for images of so many rows and columns.
        one_size: Whether all maps must have one size, as those of plain vision transformers; the
            maps of others go from fine to coarse.

    Returns:
        One line per size: channels and size of each map.

    Raises:
        WeightsError: A map is not a batch of maps, has not the expected size, is not finite or has
            other channels than `out_channels` states; or the logits have another size than
            the image.
    """
    lines = []
    for size in SIZES:
        network = network_at(size).eval()
        images = torch.rand((2, 1, size, size), device=network.mean.device)
        with torch.inference_mode():
            maps, logits = network.features(images), network(images)
        shapes = [tuple(feature_map.shape) for feature_map in maps]
        measured = f"at {size} x {size} the maps are {shapes}"
        batches = all(len(shape) == 4 and shape[0] == 2 for shape in shapes)
        _require(batches, f"{measured}; each must be (images, channels, rows, columns)")
        sides = [shape[2] for shape in shapes]
        ordered = sides == sorted(sides, reverse=True) == [shape[3] for shape in shapes]
        _require(ordered, f"{measured}; they must go from fine to coarse")
        _require(not one_size or len(set(sides)) == 1, f"{measured}; they must have one size")
        widths = tuple(network.encoder.out_channels)
        stated = len(widths) != len(shapes) or widths == tuple(shape[1] for shape in shapes)
        _require(stated, f"{measured}; out_channels of the encoder are {widths}")
        _require_finite(maps, f"at {size} x {size}")
        _require(logits.shape[2:] == images.shape[2:],
                 f"{measured}; the logits are {tuple(logits.shape)}, not {size} rows")  # fmt: skip
        lines.append(f"{size}: " + " ".join(f"{shape[1]}x{shape[2]}²" for shape in shapes))
    return lines


def check_encoder(name: str, channels: Sequence[int] = (1, 3)) -> list[str]:
    """Check an encoder that an installed package brings.

    For each number of input channels: the feature maps at three sizes, equal results of two
    forward passes, a gradient for every parameter, equal initial weights from one seed, and no
    change of its tensors in evaluation mode.

    Returns:
        One line per number of channels and size.

    Raises:
        WeightsError: One line with what was measured and what the contract requires.
    """
    lines = []
    for count in channels:
        encoders = []
        for _ in range(2):
            torch.manual_seed(0)
            encoders.append(plugged_encoder(name, count, DEPTH))
        encoder, rebuilt = encoders
        equal = _equal(encoder.state_dict(), rebuilt.state_dict())
        _require(equal, f"encoder {name!r}: two builds from one seed differ")
        lines += [f"{count} channels, {line}" for line in _check_maps(name, encoder, count)]
        _check_gradients(name, encoder, count)
    return lines


def _check_maps(name: str, encoder: PluggedEncoder, channels: int) -> list[str]:
    encoder.eval()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    lines = []
    for size in SIZES:
        images = torch.rand((2, channels, size, size))
        with torch.inference_mode():
            maps, repeated = encoder(images), encoder(images)
        shapes = [tuple(feature_map.shape) for feature_map in maps]
        stated = [(2, width, size // stride, size // stride) for width, stride in
                  zip(encoder.out_channels, (1, *encoder.levels), strict=True)]  # fmt: skip
        context = f"encoder {name!r} at {size} x {size}"
        differs = f"maps are {shapes}, but by out_channels and strides {stated}"
        _require(shapes == stated, f"{context}: {differs}")
        _require_finite(maps, context)
        _require(all(map(torch.equal, maps, repeated)),
                 f"encoder {name!r}: two forward passes in eval() differ")  # fmt: skip
        lines.append(f"{size} x {size}: {', '.join(str(shape[1:]) for shape in shapes[1:])}")
    unchanged = _equal(before, encoder.state_dict())
    _require(unchanged, f"encoder {name!r}: a forward pass in eval() changes its tensors")
    return lines


def _check_gradients(name: str, encoder: PluggedEncoder, channels: int) -> None:
    maps = encoder.train()(torch.rand((2, channels, SIZES[0], SIZES[0])))
    sum(feature_map.float().square().sum() for feature_map in maps[1:]).backward()
    unused = [key for key, value in encoder.named_parameters() if value.grad is None]
    first = "".join(unused[:1])
    text = f"{len(unused)} parameters are in no map (first: {first}); leave heads out"
    _require(not unused, f"encoder {name!r}: {text}")


def _require_finite(maps: Sequence[torch.Tensor], context: str) -> None:
    finite = all(feature_map.isfinite().all() for feature_map in maps)
    _require(finite, f"{context} a map is not finite; are the weights damaged?")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise WeightsError(message)


def _equal(state: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return state.keys() == other.keys() and all(
        torch.equal(state[key], other[key]) for key in state
    )
