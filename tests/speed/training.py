"""Share of fine-tuning that is forward, backward and optimiser: the recipe beside the bare loop.

Run `python tests/speed/training.py [cpu|cuda]`; prints a Markdown table. Both sides use the same
network, batch and device in one process, in turns; the ratio is what counts.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmark.cards.content import content_roots
from benchmark.cards.protocol import FineTuningProtocol, Strategy
from benchmark.cards.registry import Registry
from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.models.networks import build_network
from benchmark.training.batches import TrainingSet
from benchmark.training.fine_tuning import fine_tune
from benchmark.training.losses import dice_cross_entropy
from benchmark.training.schedule import make_optimizer

TURNS = 3


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def measure(protocol: FineTuningProtocol, steps: int, device: torch.device) -> tuple[float, float]:
    """Seconds of the bare loop and of the recipe, medians over turns."""
    size, count = protocol.input_size, 64
    rng = np.random.default_rng(0)
    cases = [PreparedCase(str(k), str(k), k, 1, (size, size), (size, size)) for k in range(count)]
    data = PreparedDataset(
        rng.random((count, 1, size, size)).astype(np.float16),
        (rng.random((count, size, size)) < 0.3).astype(np.uint8),
        tuple(cases),
    )
    decoder = protocol.decoders["unet"]
    network = build_network(
        decoder.encoder, channels=3, input_size=size, classes=2,
        decoder=decoder,
        normalisation_mean=(0.5,) * 3, normalisation_std=(0.25,) * 3,
    ).to(device)  # fmt: skip
    strategy = Strategy(train=("encoder", "decoder", "head"), freeze_norm_stats=False)
    images = torch.from_numpy(data.images[: protocol.batch_size]).float().to(device)
    masks = torch.from_numpy(data.masks[: protocol.batch_size]).long().to(device)
    autocast = protocol.precision == "bfloat16_on_cuda" and device.type == "cuda"

    def bare() -> None:
        optimizer, schedule = make_optimizer(
            network.parameters(), "adamw", 1e-3, 0.01, "cosine", steps, 0.1
        )
        network.train()
        for _ in range(steps):
            with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
                logits = network(images)
            loss = dice_cross_entropy(logits.float(), masks)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()

    def recipe() -> None:
        fine_tune(
            network, strategy, TrainingSet(data, [case.case for case in cases], []), protocol,
            flips=("horizontal",), seed=0,
        )  # fmt: skip

    bare()
    recipe()
    turns = [(seconds(bare, device), seconds(recipe, device)) for _ in range(TURNS)]
    one, other = (statistics.median(column) for column in zip(*turns, strict=True))
    return one, other


def main(device: torch.device) -> None:
    """Print the table."""
    print("| board | steps | bare s | recipe s | share in forward, backward, optimiser |")
    print("|---|---|---|---|---|")
    boards = Registry.load(content_roots()).boards
    steps = 24 if device.type == "cpu" else 200
    for name in ("quickstart_v1",) if device.type == "cpu" else ("quickstart_v1", "standard_v1"):
        protocol = boards[name].protocol.model_copy(
            update={"steps": steps, "checkpoint": "last", "learning_rates": (1e-3,)}
        )
        one, other = measure(protocol, steps, device)
        print(f"| {name} | {steps} | {one:.2f} | {other:.2f} | {one / other:.1%} |")
    print(f"\n{device}, {torch.get_num_threads()} threads, median of {TURNS} turns.")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(torch.device(sys.argv[1] if len(sys.argv) > 1 else "cpu"))
