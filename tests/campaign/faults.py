"""Kills, a full disk, lost rights, wrong clocks, vanished data, damaged caches, two runs at once.

Run `PYTHONPATH=tests python -m campaign.faults [--kills N] [--seed N] [--parts NAME ...]` (Linux).
After each fault the same command is typed again; the records have to be those of a run that nothing
disturbed. Prints a line for each kill, each part and whatever is otherwise, and all counts as JSON
at the end; exit status 1 if anything was otherwise.
"""

import argparse
import ctypes
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from campaign.bench import CELLS, PHASES, REFUSED, UNFINISHED, Bench, Command, plain

DROP_BOUND, OVERRIDE, READ_SEARCH = 24, 1, 2  # PR_CAPBSET_DROP; what lets root ignore rights
Result = dict[str, Any]
TRACEBACK = "Traceback (most recent call last)"


def without_privileges() -> None:
    """Have rights of files count for root too."""
    for capability in (OVERRIDE, READ_SEARCH):
        ctypes.CDLL(None).prctl(DROP_BOUND, capability, 0, 0, 0)


def limited_files(size: int) -> Callable[[], None]:
    """Let no file grow above a size, as on a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class Campaign:
    """Faults on one bench, and what came of them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.bench, self.random = Bench.create(root), random.Random(seed)
        command, begun = self.bench.command("--jobs", "2"), {"start": time.monotonic()}
        while command.process.poll() is None:
            begun.setdefault(self.bench.phase(), time.monotonic())
            time.sleep(0.05)
        command.check()
        ends = [*list(begun.values())[1:], time.monotonic()]
        self.seconds = {name: end - begun[name] for name, end in zip(begun, ends, strict=True)}
        self.expected = self.bench.records()
        assert len(self.expected) == CELLS
        self.wrong: list[str] = []
        note(
            f"undisturbed: { ({name: round(value, 1) for name, value in self.seconds.items()}) } s"
        )

    def expect(self, what: str, holds: bool, detail: object = "") -> None:
        """Note what is otherwise."""
        if not holds:
            self.wrong.append(f"{what}: {detail}")
            note(f"OTHERWISE: {self.wrong[-1]}")

    def finish(self, what: str, *, jobs: int = 1) -> None:
        """The same command again ends well, with the records of an undisturbed run."""
        status, text = self.bench.command("--jobs", str(jobs)).end()
        self.expect(f"{what}: finished", status == 0, text)
        self.expect(f"{what}: equal records", self.bench.records() == self.expected)
        self.expect(f"{what}: nothing left over", not (left := self.bench.leftovers()), left)

    def kills(self, count: int) -> Result:
        """Kill main processes and workers in each phase; each run goes on with the last."""
        killed, boards = Counter[str](), 0
        while killed.total() < count:
            self.bench.forget()
            for phase in PHASES:
                if killed.total() < count and (what := self.kill(phase)):
                    killed[what] += 1
                    note(f"kill {killed.total()} of {count}: {what}; otherwise {len(self.wrong)}")
            self.finish("kill", jobs=self.random.choice((1, 2)))
            boards += 1
        return {"kills": killed.total(), **killed, "boards finished": boards}

    def kill(self, phase: str) -> str:
        """Start the run and kill it at a random time of a phase; what was killed, and when."""
        command = self.bench.command("--jobs", str(self.random.choice((1, 2, 2))))
        while PHASES.index(self.bench.phase()) < PHASES.index(phase):
            if command.process.poll() is not None:
                break
            time.sleep(0.02)
        time.sleep(self.random.uniform(0, self.seconds.get(phase, 1)))
        main, workers, at = command.process.pid, command.workers(), self.bench.phase()
        if command.process.poll() is not None:  # it was faster
            command.end()
            return ""
        victim = self.random.choice([main, *workers])
        command.kill(victim)
        status, text = command.end()
        if victim == main:
            self.expect("kill: workers end", self.ended(workers), workers)
        else:
            self.expect("kill of a worker: status", status in (0, UNFINISHED), text)
        self.expect("kill: no traceback", TRACEBACK not in text, text)
        return f"{'main' if victim == main else 'worker'}, {at}"

    def ended(self, processes: list[int]) -> bool:
        """Whether processes end within ten seconds."""
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{process}").exists() for process in processes):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def refused_in_one_line(self, what: str, command: Command, *statuses: int) -> None:
        """A command that cannot do its work says so without a traceback."""
        status, text = command.end()
        self.expect(f"{what}: status", status in statuses, (status, text))
        self.expect(f"{what}: no traceback", TRACEBACK not in text, text)
        self.expect(f"{what}: one line", "error: " in text, text)

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
        self.expect("vanished data: the other target", len(self.bench.records()) == 2)
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


PARTS = ("kills", "full_disk", "rights", "clock", "vanished_data", "two_at_once", "damaged_caches")


def note(line: str) -> None:
    """One line of progress, at once, so that a stop loses nothing."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def run(kills: int, seed: int = 0, parts: Sequence[str] = PARTS) -> Result:
    """Make the faults; counts, and what was not as promised."""
    found: Result = {}
    with tempfile.TemporaryDirectory(prefix="campaign ü ") as folder:
        campaign = Campaign(Path(folder).resolve(), seed)
        for name in parts:
            part = getattr(campaign, name)
            found[name] = part(kills) if name == "kills" else part()
            note(f"{name}: {found[name]}; otherwise {len(campaign.wrong)}")
    return found | {"otherwise": campaign.wrong}


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
