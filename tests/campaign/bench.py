"""A small benchmark on generated pictures that can be run, killed, damaged and compared."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmark.files import TEMPORARY
from benchmark.records.store import Store, read_record

DATASET = """
id: pictures
version: 1
title: Generated pictures
domain: ultrasound
licence: none
access: open
citation: none
homepage: none
synthetic: true
group_by: subject
labels: {disc: 255}
layout:
  kind: paired_images
  images: 'scans/(?P<case>(?P<subject>p\\d+))\\.png'
  masks: ['masks/{case}.png']
  spacing_mm: 1.0
split: {shares: {train: 0.5, val: 0.25, test: 0.25}}
target:
  intensity: {kind: range, low: 0, high: 255}
  slice_axis: null
  flips: [horizontal]
  metrics: [dice, hd95_mm]
"""
SOURCE = """
id: {name}
version: 1
title: Contrastive learning, a few steps
domain: natural
task: self_supervised
provides: encoder
synthetic: true
input: {{channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}
pretrain:
  dataset: phantom_natural_scenes
  objective: contrastive
  intensity: {{kind: range, low: 0, high: 255}}
  slice_axis: null
  input_size: 64
  steps: 12
  evaluations: 4
  batch_size: 8
  learning_rate: 1.0e-3
  seed: {seed}
  max_items: 32
"""
BOARD = """
id: campaign_v1
version: 1
title: Campaign of faults
description: Synthetic. A few steps on generated pictures and a phantom.
protocol:
  encoder: tu-test_resnet
  encoder_depth: 5
  decoder_channels: [16, 8, 8, 8, 8]
  input_size: 64
  optimizer: adamw
  learning_rates: [3.0e-3]
  weight_decay: 0.01
  warmup_share: 0.1
  steps: 8
  batch_size: 4
  loss: dice_cross_entropy
  foreground_share: 0.3333
  augmentation: {rotation_degrees: 15, scale: 0.1, shift: 0.05, gamma: 0.2, noise: 0.02,
    horizontal_flip: 0.5, vertical_flip: 0.5}
  checkpoint: best_validation_dice
  evaluations: 2
  precision: float32
sources: [scratch, first_pretraining, second_pretraining]
targets: [pictures, phantom_stroke_lesion_64]
strategies:
  full: {train: [encoder, decoder, head], freeze_norm_stats: false}
seeds: [0]
baseline: scratch
"""
PRETRAININGS = ("first_pretraining", "second_pretraining")
CELLS = 6
REFUSED, UNFINISHED = 1, 3


@dataclass(frozen=True)
class Bench:
    """A folder with cards, data, home and the results of runs."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> "Bench":
        """Write cards and pictures, and register the pictures."""
        cards = {
            "datasets/pictures/dataset.yaml": DATASET,
            "leaderboards/campaign_v1/board.yaml": BOARD,
        }
        for seed, name in enumerate(PRETRAININGS):
            cards[f"tasks/source/{name}.yaml"] = SOURCE.format(name=name, seed=seed)
        for name, text in cards.items():
            path = root / "cards" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip(), encoding="utf-8")
        rng, (rows, columns) = np.random.default_rng(0), np.mgrid[:64, :64]
        for folder in ("scans", "masks"):
            (root / "data" / folder).mkdir(parents=True)
        for number in range(16):
            y, x, radius = rng.uniform(20, 44), rng.uniform(20, 44), rng.uniform(6, 14)
            disc = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
            grey = rng.normal(90, 25, disc.shape) + 70 * disc
            for folder, values in (("scans", grey.clip(0, 255)), ("masks", 255 * disc)):
                picture = root / "data" / folder / f"p{number:02}.png"
                Image.fromarray(values.astype(np.uint8)).save(picture)
        bench = cls(root)
        bench.command("data", "import", "pictures", "--from", str(root / "data")).check()
        return bench

    @property
    def home(self) -> Path:
        """Local data, weights and caches."""
        return self.root / "home"

    def command(
        self, *words: str, before: Callable[[], None] | None = None, out: str = "run"
    ) -> "Command":
        """Start `segtransfer` with these words, or with a run of the board for none."""
        run = ("run", "campaign_v1", "--out", str(self.root / out), "--device", "cpu")
        words = run + words if not words or words[0].startswith("-") else words
        command = [sys.executable, "-m", "benchmark", "--content", str(self.root / "cards"),
                   "--home", str(self.home), *words]  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "120"}
        return Command(
            subprocess.Popen(
                command, env=environment, text=True, start_new_session=True, preexec_fn=before,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
        )  # fmt: skip

    def forget(self) -> None:
        """Delete what was prepared, pretrained and run, but not the registered data."""
        for folder in [self.root / "run", *(self.home / name for name in CACHES)]:
            shutil.rmtree(folder, ignore_errors=True)

    def store(self, out: str = "run") -> Store:
        """The records of a run."""
        return Store(self.root / out)

    def records(self, out: str = "run") -> dict[str, Any]:
        """The records of a run by path, less what differs between two runs on one machine."""
        store = self.store(out)
        return {
            name: read_record(store.folder / "records" / name).without_timings()
            for name in store.files()
        }

    def leftovers(self, out: str = "run") -> list[str]:
        """Temporary files and claims that no process has any more."""
        folders = [self.root / out, *(self.home / name for name in CACHES)]
        paths = [path for folder in folders for path in folder.rglob("*")]
        claims = [path for path in paths if path.parent.name == ".claims" and path.name != ".lock"]
        return [str(path) for path in paths if TEMPORARY.match(path.name)] + [*map(str, claims)]

    def phase(self, out: str = "run") -> str:
        """What a run is doing, by the files that are there."""
        done = len(self.store(out).files())
        if done:
            return "tables" if done == CELLS else "cells"
        pretrained = [*(self.home / "pretrained").glob("*/*")]
        names = [path.name for path in pretrained]
        if names.count("pretraining.json") == len(PRETRAININGS):
            return "first cells"
        if {"checkpoint.pt", "pretraining.json"} & set(names):
            return "pretraining"
        return "preparation" if (self.home / "prepared").is_dir() else "start"


PHASES = ("start", "preparation", "pretraining", "first cells", "cells", "tables")
CACHES = ("prepared", "pretrained", "sequences", "tables")


@dataclass(frozen=True)
class Command:
    """A command that was started, in a process group of its own."""

    process: "subprocess.Popen[str]"

    def end(self) -> tuple[int, str]:
        """Exit status and output, once it has ended by itself."""
        text, _ = self.process.communicate()
        return self.process.returncode, text

    def check(self) -> None:
        """Wait for success.

        Raises:
            AssertionError: It failed; with its output.
        """
        status, text = self.end()
        assert status == 0, text

    def workers(self) -> list[int]:
        """Process numbers of its worker processes."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                words = (path / "cmdline").read_bytes()
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and b"spawn_main" in words:
                found.append(int(path.name))
        return found

    def kill(self, process: int) -> None:
        """Kill the command or a worker, without giving it time for anything."""
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def plain(result: object) -> str:
    """As JSON for people."""
    return json.dumps(result, indent=1)
