"""Mutated files through every reader: only errors of this package, one line each, nothing written.

    PYTHONPATH=tests python -m campaign.fuzz [--inputs 200000] [--seed 0] [--only NAME]

Inputs are drawn from a seed; files are made by code. Prints a Markdown table of counts, and ends
with status 1 if a reader raised an exception that is not ours, took more than 2 s of CPU, printed
a message of several lines, or wrote outside its folder.
"""

import argparse
import random
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from campaign.mutate import mutated
from campaign.readers import Reader, readers

from benchmark.errors import LONGEST, BenchmarkError

SECONDS = 2.0
MEMORY_BYTES = 4 * 2**30  # of address space beyond that of the libraries
WRITES = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
FORBIDDEN = {"os.system", "os.exec", "os.posix_spawn", "socket.connect", "socket.bind"}


class TooSlow(BaseException):
    """An input took too long; no Exception, so that no reader makes it an error of its own."""


class Watch:
    """Notes what readers write outside a folder, and commands or connections that they start."""

    def __init__(self) -> None:
        """Install the hook; it can never be removed, but it notes only while `folder` is set."""
        self.folder = ""
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.folder:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = isinstance(mode, str) and set(mode) & set("wax+")
            if (writes or (mode is None and flags & 0o101103)) and isinstance(path, (str, Path)):
                self._note(event, str(path))
        elif event in WRITES:
            self._note(event, str(arguments[0]))
        elif event in FORBIDDEN:
            self.seen.append(event)

    def _note(self, event: str, path: str) -> None:
        if path.startswith("/") and not path.startswith((self.folder, "/dev/")):
            self.seen.append(f"{event} {path}")


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow after so much CPU time."""

    def stop(*_: object) -> None:
        raise TooSlow

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def outcome(reader: Reader, data: bytes, folder: Path) -> str:
    """What came of one input: `read`, `refused`, or the fault."""
    path = folder / reader.file
    path.write_bytes(data)
    try:
        with limited(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(path)
        return "read"
    except BenchmarkError as error:
        text = str(error)
        if not text.isprintable() or len(text) > LONGEST + 5:
            return f"message: {ascii(text[:80])}"
        return "refused"
    except TooSlow:
        return "slow"
    except Exception as error:
        frames = [
            f for f in traceback.extract_tb(error.__traceback__) if "/benchmark/" in f.filename
        ]
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return f"{type(error).__name__} at {place}: {ascii(str(error)[:80])}"


def fuzz(
    name: str, count: int, seed: int, watch: Watch | None = None, keep: Path | None = None
) -> Counter[str]:
    """The outcomes of so many inputs of one reader; the first of each fault is kept."""
    reader, rng = readers()[name], random.Random(f"{name} {seed}")
    found: Counter[str] = Counter()
    for number in range(count):
        sound = number < len(reader.seeds)
        data = reader.seeds[number] if sound else mutated(rng, reader.seeds)
        with tempfile.TemporaryDirectory() as scratch:
            if watch is not None:
                watch.folder, watch.seen = tempfile.gettempdir(), []
            result = outcome(reader, data, Path(scratch))
            if watch is not None:
                watch.folder = ""
                result = f"wrote: {watch.seen[0]}" if watch.seen else result
        if result not in ("read", "refused") and not found[result] and keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{name}-{len(found)}-{reader.file}".replace(" ", "_")).write_bytes(data)
        found[result] += 1
    return found


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path, default=None, help="folder for inputs with a fault")
    options = parser.parse_args()
    names = [name for name in readers() if options.only in name]
    shares = {name: readers()[name].share for name in names}
    soft = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + 20 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (soft + MEMORY_BYTES, resource.RLIM_INFINITY))
    watch, faults, total = Watch(), 0, 0
    print("| reader | inputs | read | refused | faults |\n|---|---:|---:|---:|---|")
    for name in names:
        count = max(20, round(options.inputs * shares[name] / sum(shares.values())))
        found = fuzz(name, count, options.seed, watch, options.keep)
        others = {k: v for k, v in found.items() if k not in ("read", "refused")}
        faults, total = faults + sum(others.values()), total + count
        text = "; ".join(f"{v} x {k}" for k, v in others.items()) or "0"
        print(f"| {name} | {count} | {found['read']} | {found['refused']} | {text} |", flush=True)
    print(f"\n{total} inputs, {faults} faults.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
