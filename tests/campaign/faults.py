"""Kills, a full disk, lost rights, wrong clocks, vanished data, damaged caches, two runs at once.

Run `PYTHONPATH=tests python -m campaign.faults [--kills N] [--seed N] [--parts NAME ...]` (Linux).
After each fault the same command is typed again; the records have to be those of a run that nothing
disturbed. Prints a line for each kill, each part and whatever is otherwise, and all counts as JSON
at the end; exit status 1 if anything was otherwise.
"""

import argparse
import ctypes
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from campaign.bench import CELLS, PHASES, REFUSED, UNFINISHED, Command, plain
from campaign.trial import TRACEBACK, Result, Trial, note

DROP_BOUND, OVERRIDE, READ_SEARCH = 24, 1, 2  # PR_CAPBSET_DROP; what lets root ignore rights


def without_privileges() -> None:
    """Have rights of files count for root too."""
    for capability in (OVERRIDE, READ_SEARCH):
        ctypes.CDLL(None).prctl(DROP_BOUND, capability, 0, 0, 0)


def limited_files(size: int) -> Callable[[], None]:
    """Let no file grow above a size, as on a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class Campaign(Trial):
    """Faults on one bench, and what came of them."""

    def kills(self, count: int) -> Result:
        """Kill main processes in each phase; each run goes on with what the last one left."""
        killed, boards = Counter[str](), 0
        while killed.total() < count:
            self.bench.forget()
            for phase in PHASES:
                if killed.total() < count and (at := self.kill(phase)):
                    killed[at] += 1
                    note(f"kill {killed.total()} of {count}: {at}; otherwise {len(self.wrong)}")
            self.finish("kill", jobs=self.random.choice((1, 2)))
            boards += 1
        return {"kills": killed.total(), **killed, "boards finished": boards}

    def kill(self, phase: str) -> str:
        """Start the run and kill it at a random time of a phase; returns the phase that was met."""
        command = self.bench.command("--jobs", str(self.random.choice((1, 2, 2))))
        self.wait_for(phase, command)
        time.sleep(self.random.uniform(0, self.seconds.get(phase, 1)))
        workers, at = command.workers(), self.bench.phase()
        if command.process.poll() is not None:  # it was faster
            command.end()
            return ""
        command.kill(command.process.pid)
        _, text = command.end()
        self.expect("kill: workers end", self.ended(workers), workers)
        self.expect("kill: no traceback", TRACEBACK not in text, text)
        return at

    def worker_kills(self, count: int) -> Result:
        """Kill a worker in each phase of a run and after each of its records; the run goes on.

        What that costs is run by the next command, in which workers are killed again, until a
        command finishes the board.
        """
        killed, boards = Counter[str](), 0
        while killed.total() < count:
            self.bench.forget()
            status = UNFINISHED
            while status == UNFINISHED and killed.total() < count:
                command = self.bench.command("--jobs", "2")
                for at in self.each_moment(command):
                    if killed.total() < count and (workers := command.workers()):
                        command.kill(self.random.choice(workers))
                        killed[at] += 1
                        note(f"worker {killed.total()} of {count}: {at}")
                status, text = command.end()
                self.expect("kill of a worker: status", status in (0, UNFINISHED), text)
                self.expect("kill of a worker: no traceback", TRACEBACK not in text, text)
            self.finish("kill of a worker", jobs=2)
            boards += 1
        return {"kills": killed.total(), **killed, "boards finished": boards}

    def each_moment(self, command: Command) -> Iterator[str]:
        """A random time in each phase of a run and after each of its records; yields the phase."""
        seen = set[tuple[str, int]]()
        while command.process.poll() is None:
            phase, records = self.bench.phase(), len(self.bench.store().files())
            if (phase, records) not in seen and command.workers():
                seen.add((phase, records))
                pause = self.seconds.get(phase, 0) / (CELLS if phase == "cells" else 1)
                time.sleep(0 if phase == "tables" else self.random.uniform(0, pause))
                yield self.bench.phase()
            time.sleep(0.02)

    def ended(self, processes: list[int]) -> bool:
        """Whether processes end within ten seconds."""
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{process}").exists() for process in processes):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def full_disk(self) -> Result:
        """No file may grow above so many bytes: at the start, in preparation, at the weights."""
        sizes = (1_000, 20_000, 300_000)
        for size in sizes:
            self.bench.forget()
            command = self.bench.command(before=limited_files(size))
            self.refused_in_one_line(f"full disk ({size})", command, REFUSED, UNFINISHED)
        self.finish("full disk")
        return {"tried": len(sizes)}

    def rights(self) -> Result:
        """Folders that may not be written or not be read."""
        tried = 0
        for name, mode in (("run", 0o555), ("home/prepared", 0o555), ("home/pretrained", 0o000),
                           ("home", 0o555)):  # fmt: skip
            self.bench.forget()
            folder = self.bench.root / name
            folder.mkdir(parents=True, exist_ok=True)
            before, tried = folder.stat().st_mode, tried + 1
            folder.chmod(mode)
            try:
                command = self.bench.command(before=without_privileges)
                self.refused_in_one_line(f"rights of {name}", command, REFUSED, UNFINISHED)
            finally:
                folder.chmod(before)
        self.finish("rights")
        return {"tried": tried}

    def clock(self) -> Result:
        """All files are from 1970, then from 2098: nothing is run again, nothing is lost."""
        for year in (0, 4_040_000_000):
            for folder in (self.bench.home, self.bench.root / "run"):
                for path in folder.rglob("*"):
                    os.utime(path, (year, year))
            before = self.inodes()
            self.finish("clock")
            self.expect("clock: nothing is run again", self.inodes() == before)
        return {"tried": 2}

    def inodes(self) -> dict[str, int]:
        """The inode of each record."""
        folder = self.bench.root / "run" / "records"
        return {str(path): path.stat().st_ino for path in folder.rglob("*.json")}

    def vanished_data(self) -> Result:
        """The pictures are gone: before a run, and after its first record."""
        data, away = self.bench.root / "data", self.bench.root / "away"
        self.bench.forget()
        data.rename(away)
        self.refused_in_one_line("vanished data", self.bench.command(), UNFINISHED)
        self.expect("vanished data: the other target", len(self.bench.records()) == CELLS // 2)
        away.rename(data)
        self.finish("vanished data")
        shutil.rmtree(self.bench.root / "run")
        shutil.rmtree(self.bench.home / "prepared")
        command = self.bench.command("--targets", "phantom_stroke_lesion_64,pictures")
        while not self.bench.records() and command.process.poll() is None:
            time.sleep(0.05)
        data.rename(away)
        self.refused_in_one_line("data vanish", command, UNFINISHED)
        away.rename(data)
        self.finish("data vanish")
        return {"tried": 2}

    def damaged_caches(self) -> Result:
        """One byte changed, half of the file, or nothing of it, of all that was made before."""
        patterns = ("prepared/*/*", "pretrained/*/model.safetensors",
                    "pretrained/*/pretraining.json", "cards.json", "tables/*.npz")  # fmt: skip
        tried = 0
        for pattern in patterns:
            for damage in ("byte", "half", "empty", "gone"):
                shutil.rmtree(self.bench.root / "run", ignore_errors=True)
                for path in self.bench.home.glob(pattern):
                    content, tried = bytearray(path.read_bytes()), tried + 1
                    content[self.random.randrange(len(content))] ^= 1 << self.random.randrange(8)
                    path.unlink()
                    if damage != "gone":
                        kept = {"byte": content, "half": content[: len(content) // 2]}
                        path.write_bytes(kept.get(damage, b""))
                what = f"damage ({pattern}, {damage})"
                self.finish(what)
                note(f"{what}: {tried} files so far; otherwise {len(self.wrong)}")
        return {"files": tried, "commands": len(patterns) * 4}

    def two_at_once(self) -> Result:
        """Two runs in one folder: every record is written once."""
        self.bench.forget()
        commands = [self.bench.command("--jobs", str(jobs)) for jobs in (1, 2)]
        written: dict[str, set[int]] = {}
        while any(command.process.poll() is None for command in commands):
            for path, inode in self.inodes().items():
                written.setdefault(path, set()).add(inode)
            time.sleep(0.02)
        for command in commands:
            self.expect("two at once: finished", command.end()[0] == 0)
        again = [path for path, inodes in written.items() if len(inodes) > 1]
        self.expect("two at once: no cell twice", not again, again)
        self.finish("two at once")
        return {"cells": len(written), "run twice": len(again)}


PARTS = (
    "kills", "worker_kills", "full_disk", "rights", "clock", "vanished_data", "two_at_once",
    "damaged_caches",
)  # fmt: skip


def run(kills: int, seed: int = 0, parts: Sequence[str] = PARTS) -> Result:
    """Make the faults; counts, and what was not as promised."""
    with tempfile.TemporaryDirectory(prefix="campaign ü ") as folder:
        campaign = Campaign(Path(folder).resolve(), seed)
        chosen = {name: getattr(campaign, name) for name in parts}
        for name in {"kills", "worker_kills"} & set(parts):
            chosen[name] = partial(chosen[name], kills)
        return campaign.parts(chosen)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    options = parser.parse_args()
    result = run(options.kills, options.seed, options.parts)
    print(plain(result))
    sys.exit(bool(result["otherwise"]))


if __name__ == "__main__":
    main()
