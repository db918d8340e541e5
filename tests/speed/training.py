"""Seconds of a training step: ours, MONAI and Lightning, each beside a bare loop of the same run.

The bare loop is forward, backward and AdamW on one batch that lies on the device: no data, no
augmentation. A ratio above 1 is faster than that. All train the same U-Net with the same loss
and batch size, on random images in memory, in turns (A B C A B C); medians over the turns.
On a busy machine the ratios of CPU time are nearer to what an idle one gives than those of time.

    pip install lightning albumentations     # not needed by anything else
    PYTHONPATH=tests python -m speed.training [--device cuda] > measured.json
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext, suppress
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.workers import configure_process

if TYPE_CHECKING:
    import torch

    from benchmark.cards.protocol import DptDecoder, UnetDecoder

ENCODERS = ("mobilenet_v2", "efficientnet-b0")
CHANNELS = (256, 128, 64, 32, 16)
IMAGES = 64
LIBRARIES = ("torch", "segmentation-models-pytorch", "timm", "monai", "lightning", "albumentations")
Tick = Callable[[], None]


class Case(NamedTuple):
    """What is trained."""

    decoder: "UnetDecoder | DptDecoder"
    size: int
    batch: int
    device: str


def arrays(case: Case) -> tuple[Any, Any]:
    """Images (N, 1, S, S) float16 in [0, 1] and masks (N, S, S) uint8."""
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.random((IMAGES, 1, case.size, case.size)).astype(np.float16)
    return images, (images[:, 0] > 0.7).astype(np.uint8)


def network(case: Case) -> Any:
    """Network with random weights, on the device; the same for all."""
    from benchmark.models.networks import build_network

    return build_network(
        case.decoder.encoder, channels=1, classes=2, input_size=case.size, decoder=case.decoder,
        normalisation_mean=(0.5,), normalisation_std=(0.25,),
    ).to(case.device).train()  # fmt: skip


def bf16(case: Case) -> Any:
    """Automatic mixed precision on a GPU."""
    import torch

    on_gpu = case.device.startswith("cuda")
    return torch.autocast("cuda", torch.bfloat16) if on_gpu else nullcontext()


def step(case: Case, forward: Any, optimizer: Any, images: "torch.Tensor", masks: Any) -> None:
    """One step of everybody but ours."""
    from benchmark.training.losses import dice_cross_entropy

    with bf16(case):
        logits = forward(images)
    loss = dice_cross_entropy(logits.float(), masks)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


@cache
def bare(case: Case, compiled: bool = False) -> Callable[[int, Tick], None]:
    """Forward, backward and AdamW on one batch."""
    import torch

    net = network(case)
    forward = torch.compile(net) if compiled else net
    optimizer = torch.optim.AdamW(net.parameters())
    images, masks = (torch.from_numpy(a[: case.batch]).to(case.device) for a in arrays(case))
    images, masks = images.float(), masks.long()

    def run(steps: int, tick: Tick) -> None:
        for _ in range(steps):
            step(case, forward, optimizer, images, masks)
            tick()

    return run


@cache
def ours(case: Case, protocol_version: int) -> Callable[[int, Tick], None]:
    """`fine_tune` with the augmentation of the standard protocol."""
    from benchmark.cards.content import content_roots
    from benchmark.cards.registry import Registry
    from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
    from benchmark.training.batches import TrainingSet
    from benchmark.training.fine_tuning import fine_tune

    board = Registry.load(content_roots()).board("standard_v1")
    protocol = board.protocol.model_copy(
        update={"version": protocol_version, "batch_size": case.batch, "checkpoint": "last",
                "input_size": case.size, "learning_rates": (1e-3,)}
    )  # fmt: skip
    net = network(case)
    shape, names = (case.size, case.size), [str(number) for number in range(IMAGES)]
    cases = [PreparedCase(name, name, int(name), 1, shape, shape) for name in names]
    data = TrainingSet(PreparedDataset(*arrays(case), tuple(cases)), names, [])

    def run(steps: int, tick: Tick) -> None:
        limited = protocol.model_copy(update={"steps": steps})
        fine_tune(
            net, board.strategies["full"], data, limited, flips=("horizontal",), seed=0,
            progress=lambda stage, done, total: tick(),
        )  # fmt: skip

    return run


@cache
def monai(case: Case) -> Callable[[int, Tick], None]:
    """MONAI's CacheDataset, random transforms and DataLoader."""
    import torch
    from monai.data import CacheDataset, DataLoader
    from monai.transforms import (
        Compose,
        EnsureTyped,
        RandAdjustContrastd,
        RandAffined,
        RandFlipd,
        RandGaussianNoised,
    )  # fmt: skip

    images, masks = arrays(case)
    both = ["image", "mask"]
    transforms = Compose([
        EnsureTyped(both, track_meta=False),
        RandFlipd(both, prob=0.5, spatial_axis=1),
        RandAffined(both, prob=1, rotate_range=0.26, scale_range=0.1, translate_range=6,
                    mode=("bilinear", "nearest"), padding_mode="zeros"),
        RandAdjustContrastd("image", prob=1, gamma=(0.8, 1.25)),
        RandGaussianNoised("image", prob=1, std=0.02),
    ])  # fmt: skip
    items = [
        {"image": image.astype("float32"), "mask": mask[None]}
        for image, mask in zip(images, masks, strict=True)
    ]
    loader = DataLoader(
        CacheDataset(items, transforms, progress=False), batch_size=case.batch, shuffle=True
    )
    net = network(case)
    optimizer = torch.optim.AdamW(net.parameters())

    def run(steps: int, tick: Tick) -> None:
        for _, batch in zip(range(steps), endless(loader), strict=False):
            labels = batch["mask"][:, 0].long().to(case.device)
            step(case, net, optimizer, batch["image"].to(case.device), labels)
            tick()

    return run


def endless(loader: Any) -> Iterator[Any]:
    """Batches of one pass after the other."""
    while True:
        yield from loader


@cache
def lightning(case: Case) -> Callable[[int, Tick], None]:
    """Albumentations in a data set, a DataLoader, and the Trainer of Lightning."""
    import albumentations as A
    import torch

    net = network(case)  # before Lightning, which needs the operators that are defined with it
    import lightning as L

    from benchmark.training.losses import dice_cross_entropy

    images, masks = arrays(case)
    change = A.Compose([
        A.HorizontalFlip(p=0.5),
        A.Affine(rotate=(-15, 15), scale=(0.9, 1.1), translate_percent=(-0.05, 0.05), p=1),
        A.RandomGamma((80, 125), p=1),
        A.GaussNoise(std_range=(0.02, 0.02), p=1),
    ])  # fmt: skip

    class Slices(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return IMAGES

        def __getitem__(self, index: int) -> Any:
            out = change(image=images[index, 0, :, :, None].astype("float32"), mask=masks[index])
            return torch.from_numpy(out["image"]).permute(2, 0, 1), torch.from_numpy(out["mask"])

    class Module(L.LightningModule):  # type: ignore[misc]
        def __init__(self, tick: Tick) -> None:
            super().__init__()
            self.net, self.tick = net, tick

        def training_step(self, batch: Any, index: int) -> Any:
            return dice_cross_entropy(self.net(batch[0]).float(), batch[1].long())

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(net.parameters())

        def on_train_batch_end(self, *batch: Any) -> None:
            self.tick()

    loader = torch.utils.data.DataLoader(Slices(), case.batch, shuffle=True)
    on_gpu = case.device.startswith("cuda")

    def run(steps: int, tick: Tick) -> None:
        L.Trainer(
            max_steps=steps, accelerator="gpu" if on_gpu else "cpu", devices=1, logger=False,
            precision="bf16-mixed" if on_gpu else "32-true", enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        ).fit(Module(tick), loader)  # fmt: skip

    return run


SYSTEMS: Mapping[str, tuple[bool, Callable[[Case], Callable[[int, Tick], None]]]] = {
    "bare": (False, bare),
    "bare_compiled": (False, partial(bare, compiled=True)),
    "segtransfer_version_2": (True, partial(ours, protocol_version=2)),
    "segtransfer_version_1": (True, partial(ours, protocol_version=1)),
    "monai_cache_dataset": (False, monai),
    "smp_albumentations_lightning": (False, lightning),
}  # whether the process is set up by us, and how a case is trained


def seconds_per_step(system: str, case: Case, steps: int, threads: int) -> tuple[float, float]:
    """Time and CPU time of a step, without the first."""
    import torch

    torch.set_num_threads(threads)
    run, ends = SYSTEMS[system][1](case), list[tuple[float, float]]()

    def tick() -> None:
        if case.device.startswith("cuda") and len(ends) in (0, steps - 1):
            torch.cuda.synchronize()
        ends.append((time.perf_counter(), time.process_time()))

    run(steps, tick)
    return tuple(
        (last - first) / (steps - 1) for first, last in zip(ends[0], ends[-1], strict=True)
    )  # type: ignore[return-value]


def measure(case: Case, systems: list[str], steps: int, turns: int, threads: int) -> dict[str, Any]:
    """Medians of each system and of its ratios to the bare loop of the same turn."""
    context = get_context("spawn")
    plain, configured = (
        ProcessPoolExecutor(1, context, start) for start in (None, configure_process)
    )
    with plain, configured:
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in systems}
        for turn in range(turns + 1):  # the first warms up
            for name in systems:
                pool = configured if SYSTEMS[name][0] else plain
                measured = pool.submit(seconds_per_step, name, case, steps, threads).result()
                if turn:
                    found[name].append(measured)
    result = {}
    for name, times in found.items():
        ratio, cpu = (
            statistics.median(
                bare_[k] / one[k] for bare_, one in zip(found["bare"], times, strict=True)
            )
            for k in (0, 1)
        )
        seconds, cpu_seconds = (statistics.median(one[k] for one in times) for k in (0, 1))
        result[name] = {
            "seconds_per_step": round(seconds, 4),
            "cpu_seconds_per_step": round(cpu_seconds, 4),
            "ratio_to_bare": round(ratio, 3),
            "cpu_ratio_to_bare": round(cpu, 3),
        }
    return result


def machine(device: str) -> dict[str, Any]:
    """Hardware, software and how busy the machine is."""
    import torch

    from benchmark.running.devices import environment, processor
    from benchmark.workers import cores

    found = environment(torch.device(device)).model_dump()
    del found["threads"]
    load = round(os.getloadavg()[0], 1)
    return {**found, "processor": processor(), "cores": cores(), "load_average": load}


def versions() -> dict[str, str]:
    """Of the libraries that are measured and installed."""
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def unet(encoder: str) -> "UnetDecoder":
    """The default decoder of segmentation-models-pytorch over an encoder."""
    from benchmark.cards.protocol import UnetDecoder

    return UnetDecoder(encoder=encoder, encoder_depth=5, decoder_channels=CHANNELS)


def main() -> None:
    """Print the measurement as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", type=int, help="rows and columns [256 on a GPU, else 96]")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, help="a turn [600 on a GPU, else 4]")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    gpu = options.device.startswith("cuda")
    size, steps = options.size or (256 if gpu else 96), options.steps or (600 if gpu else 4)
    systems = [name for name in SYSTEMS if gpu or name != "bare_compiled"]
    results = {
        encoder: measure(
            Case(unet(encoder), size, options.batch, options.device),
            systems, steps, options.turns, options.threads,
        )
        for encoder in ENCODERS
    }  # fmt: skip
    settings = {
        "size": size, "batch": options.batch, "decoder_channels": CHANNELS, "steps": steps,
        "turns": options.turns, "threads": options.threads,
    }  # fmt: skip
    found = {
        "machine": machine(options.device), "versions": versions(), "settings": settings,
        "results": results,
    }  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
