"""What has to hold on any CUDA machine, in under eight minutes and without a network.

`make gpu-check` writes docs/measurements/gpu-NAME.json and ends with status 1 if the scores of
the GPU differ from those of the CPU by more than the tolerances. All images are phantoms.

    PYTHONPATH=tests python -m speed.gpu_check [--device cpu --quick]

`--quick` only shows, on any machine, that the script itself works; it writes to --out.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from speed.training import Case, machine, measure, ours, versions

from benchmark.cards.board import BoardCard
from benchmark.cards.content import content_roots
from benchmark.cards.protocol import DptDecoder, Lanes, UnetDecoder
from benchmark.cards.registry import Registry
from benchmark.errors import BenchmarkError
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.store import Store
from benchmark.running.cell import run_cell
from benchmark.running.inference import score_test_set
from benchmark.running.meter import metered
from benchmark.running.options import RunOptions
from benchmark.running.session import RunSession
from benchmark.running.setup import Setup, set_up
from benchmark.running.target_data import load_target
from benchmark.workers import configure_process
from benchmark.workspace import Workspace

CPU = torch.device("cpu")
SAME_WEIGHTS = 0.01  # Dice of a case, predicted with the same weights
SAME_CELL = 0.05  # mean Dice, fine-tuned on each: rounding acts like another seed
WANTED_RATIO = 0.9
SECONDS = 480
SMALL, LARGE = "phantom_fetal_head_64", "phantom_fetal_head"


class Check:
    """One check of a device.

    Attributes:
        device: What is checked.
        quick: Whether to use the smallest sizes.
        workspace: The shipped cards, and local data in a temporary folder.
    """

    def __init__(self, device: torch.device, quick: bool, home: Path) -> None:
        """Read the shipped cards."""
        self.device, self.quick = device, quick
        self.workspace = Workspace(Registry.load(content_roots()), home)
        self.unet = UnetDecoder(
            encoder="tu-test_resnet" if quick else "mobilenet_v2", encoder_depth=5,
            decoder_channels=(8,) * 5 if quick else (256, 128, 64, 32, 16),
        )  # fmt: skip

    def board(
        self, base: str, target: str, protocol: dict[str, object], seeds: int = 1
    ) -> BoardCard:
        """`scratch` on one phantom under the protocol of a board with changes; joins the cards."""
        card = self.workspace.registry.board(base)
        changed = card.model_copy(
            update={"id": "gpu_check", "protocol": card.protocol.model_copy(update=protocol),
                    "targets": (target,), "sources": ("scratch",), "train_subjects": (0,),
                    "seeds": tuple(range(seeds)), "sequences": {}}
        )  # fmt: skip
        registry = self.workspace.registry
        registry = replace(registry, boards={**registry.boards, changed.id: changed})
        self.workspace = replace(self.workspace, registry=registry)
        return changed

    def cells(self, board: BoardCard) -> list[Transfer]:
        """The cells of a board with all parts trained."""
        selection = GridSelection(sources=("scratch",), strategies=("full",))
        return plan(self.workspace, board, selection)

    def version_2(self, **changes: object) -> dict[str, object]:
        """Changes that make a protocol one of version 2 with our U-Net."""
        lanes = Lanes(unet=self.unet)
        flat = {"encoder": None, "encoder_depth": None, "decoder_channels": None}
        return {"version": 2, "lanes": lanes, **flat, **changes}

    def scores(self) -> dict[str, Any]:
        """The scores of the device beside those of the CPU."""
        board = self.board("tiny_v2", SMALL, self.version_2(steps=3 if self.quick else 200))
        (cell,) = self.cells(board)
        data = load_target(cell, self.workspace)
        setups = [set_up(data, self.workspace, device) for device in (CPU, self.device)]
        trained = [dice(one) for one in setups if one.fine_tune()]
        setups[1].network.load_state_dict(setups[0].network.state_dict())
        moved = dice(setups[1])
        same_weights = max(abs(moved[case] - value) for case, value in trained[0].items())
        means = [sum(scores.values()) / len(scores) for scores in trained]
        return {
            "same_weights_largest_difference_of_dice": round(same_weights, 6),
            "same_weights_tolerance": SAME_WEIGHTS,
            "mean_dice_cpu_and_device": [round(mean, 4) for mean in means],
            "mean_dice_tolerance": SAME_CELL,
            "ok": same_weights <= SAME_WEIGHTS and abs(means[0] - means[1]) <= SAME_CELL,
        }

    def ratios(self) -> dict[str, Any]:
        """Our fine-tuning beside a bare loop of the same network, compiled where that pays."""
        bare = "bare" if self.quick else "bare_compiled"
        size, steps = (64, 2) if self.quick else (256, 600)
        found: dict[str, Any] = {"wanted_ratio": WANTED_RATIO, "held_against": bare}
        systems = [*dict.fromkeys(["bare", bare, "segtransfer_version_2"])]
        for name in ("unet", "dpt"):
            decoder = self.unet if name == "unet" else vit_decoder(self.quick)
            case = Case(decoder, size, 2 if self.quick else 16, str(self.device))
            try:
                times = measure(case, systems, steps, 1 if self.quick else 2, threads=1)
            except BenchmarkError as error:
                found[name] = {"encoder": decoder.encoder, "not_measured": str(error)}
                continue
            compiled = times[bare]["seconds_per_step"]
            own = times["segtransfer_version_2"]["seconds_per_step"]
            found[name] = {
                "encoder": decoder.encoder, "size": size, "batch": case.batch,
                "ratio": round(compiled / own, 3), **times,
            }  # fmt: skip
        return found

    def utilisation(self) -> dict[str, Any]:
        """Share of the time in which the GPU runs a kernel, and what `metered` reads beside it."""
        case = Case(self.unet, 64 if self.quick else 256, 16, str(self.device))
        run, steps = ours(case, protocol_version=2), 2 if self.quick else 600
        run(steps, lambda: None)  # compiled, if it is
        with metered(self.device) as measured:
            run(steps, lambda: None)
        return {"steps": steps, **measured}

    def cells_per_hour(self) -> dict[str, Any]:
        """The same cells with 1, 2 and 4 processes on one GPU, start-up included."""
        count, size = (2, 64) if self.quick else (4, 256)
        board = self.board(
            "standard_v1", SMALL if self.quick else LARGE,
            self.version_2(steps=2 if self.quick else 300, learning_rates=(1e-3,), evaluations=1,
                           input_size=size),
            seeds=count,
        )  # fmt: skip
        found = {}
        for jobs in (1, 2) if self.quick else (1, 2, 4):
            options = RunOptions(device=str(self.device), jobs=jobs, pictures=False)
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                with RunSession(self.workspace, options) as session:
                    session.run_cells(self.cells(board), Store(Path(folder)))
                found[str(jobs)] = round(3600 * count / (time.perf_counter() - started), 1)
        return {"cells": count, "size": size, "jobs": found}

    def published_cell(self) -> dict[str, Any]:
        """One cell of `wang2023_as_published`, at 512 x 512, on phantoms in place of HC18."""
        small: dict[str, object] = {"input_size": 64, "epochs": 1} if self.quick else {}
        target = SMALL if self.quick else LARGE
        (cell,) = self.cells(self.board("wang2023_as_published", target, small))
        record = run_cell(cell, self.workspace, self.device).record
        dice = [case.scores["dice"] for case in record.cases]
        return {
            "board": "wang2023_as_published", "data": f"{target}: phantoms, in place of HC18",
            "size": cell.protocol.input_size, "mean_dice": round(sum(dice) / len(dice), 4),
            **record.cost.model_dump(),
        }  # fmt: skip


def vit_decoder(quick: bool) -> DptDecoder:
    """DPT over a small vision transformer."""
    encoder = "tu-test_vit" if quick else "tu-vit_small_patch16_224"
    return DptDecoder(encoder=encoder, decoder_channels=(64,) * 4, fusion_channels=64)


def dice(setup: Setup) -> dict[str, float]:
    """Dice of each test case."""
    cases, _ = score_test_set(setup.network, setup.data)
    return {case.case: case.scores["dice"] for case in cases}


def run_parts(check: Check) -> dict[str, Any]:
    """All parts; those that are due after the time has passed are left out and named."""
    started, found = time.perf_counter(), dict[str, Any]()
    parts: tuple[Callable[[], dict[str, Any]], ...] = (
        check.scores, check.ratios, check.utilisation, check.cells_per_hour, check.published_cell,
    )  # fmt: skip
    for part in parts:
        name, before = part.__name__, time.perf_counter()
        if before - started > SECONDS * 0.8:
            found[name] = {"not_measured": "no time was left"}
            continue
        print(f"{name} ...", file=sys.stderr)
        found[name] = {**part(), "seconds": round(time.perf_counter() - before, 1)}
    return {**found, "seconds": round(time.perf_counter() - started, 1)}


def main() -> None:
    """Check, write and end with status 1 if scores differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("gpu-check: no CUDA device that torch can use; nothing was measured")
    with tempfile.TemporaryDirectory() as home:
        check = Check(torch.device(options.device), options.quick, Path(home))
        found = {"machine": machine(options.device), "versions": versions(), **run_parts(check)}
    name = str(found["machine"]["device"]).lower().replace(" ", "-").replace("/", "-")
    out = options.out or Path("docs/measurements") / f"gpu-{name}.json"
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{'scores agree' if found['scores']['ok'] else 'SCORES DIFFER'}; written: {out}")
    sys.exit(0 if found["scores"]["ok"] else 1)


if __name__ == "__main__":
    configure_process()
    main()
