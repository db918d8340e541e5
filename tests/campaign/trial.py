"""One bench, what an undisturbed run of it gives, and what is otherwise after a fault."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaign.bench import CELLS, PHASES, Bench, Command

Result = dict[str, Any]
TRACEBACK = "Traceback (most recent call last)"


class Trial:
    """A bench that was run once without a fault.

    Attributes:
        seconds: How long each phase of that run took.
        expected: Its records.
        wrong: What was otherwise since.
    """

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

    def wait_for(self, phase: str, command: Command) -> None:
        """Wait until a run has come to a phase, or has ended."""
        while PHASES.index(self.bench.phase()) < PHASES.index(phase):
            if command.process.poll() is not None:
                break
            time.sleep(0.02)

    def refused_in_one_line(self, what: str, command: Command, *statuses: int) -> None:
        """A command that cannot do its work says so without a traceback."""
        status, text = command.end()
        self.expect(f"{what}: status", status in statuses, (status, text))
        self.expect(f"{what}: no traceback", TRACEBACK not in text, text)
        self.expect(f"{what}: one line", "error: " in text, text)

    def parts(self, chosen: dict[str, Callable[[], Result]]) -> Result:
        """Carry out parts of a campaign; their counts, and all that was otherwise."""
        found: Result = {}
        for name, part in chosen.items():
            found[name] = part()
            note(f"{name}: {found[name]}; otherwise {len(self.wrong)}")
        return found | {"otherwise": self.wrong}


def note(line: str) -> None:
    """One line of progress, at once, so that a stop loses nothing."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
