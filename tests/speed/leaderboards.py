"""Seconds and memory from a folder of generated records to its tables and its page.

Run `python tests/speed/leaderboards.py [--records 100000]`; prints a Markdown table. Every line is
a process of its own, from the start of Python on. "Cold" has no cache of ours; unless `--drop` is
given (which needs root) the files may still be in the memory of the operating system. Where other
programs run at the same time, CPU seconds divided by the cores are nearer to what it takes alone.
"""

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import cache
from itertools import islice, product, starmap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.files import write_bytes
from benchmark.records.record_pack import PACK, TABLES, _fill
from benchmark.records.store import Store

if TYPE_CHECKING:
    from benchmark.cards.board import BoardCard

SOURCES, TARGETS, STRATEGIES, SEEDS = 20, 10, 5, 5
A_SIZE = SOURCES * TARGETS * STRATEGIES * SEEDS
METRICS = ("dice", "iou", "pixel_accuracy", "hd95_mm", "assd_mm")


def card(records: int) -> "BoardCard":
    """A board of so many cells; the number of sizes follows."""
    from support.factories import board

    full = board().strategies["full"]
    parts = [("head",), ("decoder", "head"), ("encoder",), ("encoder", "head"), full.train]
    return board().model_copy(
        update={
            "sources": ("scratch", *(f"source_{k:02}" for k in range(1, SOURCES))),
            "targets": tuple(f"target_{k}" for k in range(TARGETS)),
            "strategies": {
                f"strategy_{k}": full.model_copy(update={"train": part})
                for k, part in enumerate(parts)
            },
            "train_subjects": tuple(range(4, 4 + 4 * max(1, -(-records // A_SIZE)), 4)),
            "seeds": tuple(range(SEEDS)),
        }
    )


def contents(made: "BoardCard", count: int) -> tuple[list[str], Callable[[str], bytes]]:
    """Names of the first records of a board, and what gives the content of each.

    They have 20 to 60 cases with five metrics. What only this needs is imported here: worker
    processes import this file.
    """
    from support.factories import make_record

    from benchmark.cards.card import fingerprint
    from benchmark.records.cell import CellId, Fingerprints, cell_key

    base = make_record().model_dump(mode="json", exclude={"cases"})
    protocol = fingerprint(made.protocol)
    strategies = {name: fingerprint(one) for name, one in made.strategies.items()}
    hashed = cache(fingerprint)

    def cell_of(target: str, size: int, source: str, strategy: str, seed: int) -> CellId:
        return CellId(board=made.id, target=target, source=source, strategy=strategy,
                      train_subjects=size, seed=seed)  # fmt: skip

    @cache
    def text_of_cases(cases: int) -> str:
        rows = [
            {"case": f"case_{k:03}", "subject": f"subject_{500 + k:03}", "label": "lesion",
             "reference_empty": False, "prediction_empty": False,
             "scores": dict.fromkeys(METRICS, "SCORE")}
            for k in range(cases)
        ]  # fmt: skip
        return json.dumps(rows).replace('"SCORE"', "%.6f")

    def content(name: str) -> bytes:
        cell = cells[name]
        place, rank = made.targets.index(cell.target), made.sources.index(cell.source)
        size, cases = cell.train_subjects, 20 + 40 * place // (TARGETS - 1)
        prints = Fingerprints(
            protocol=protocol, strategy=strategies[cell.strategy], target=hashed(cell.target),
            source=hashed(cell.source), weights=hashed((cell.source,)),
            splits=hashed((cell.target, "splits")), data=hashed((cell.target, "data")),
        )  # fmt: skip
        rng = np.random.default_rng(list(name.encode()))
        easy = np.random.default_rng(place).normal(0.72, 0.12, cases)
        noise = rng.normal(0, 0.01) + rng.normal(0, 0.03, cases)
        dice = np.clip(easy + 0.004 * rank + 0.0003 * size**0.5 + noise, 0.01, 1)
        columns = (dice, dice / (2 - dice), 0.9 + dice / 10, 40 * (1 - dice), 8 * (1 - dice))
        curve = [[1e-3, 500 * k, round(0.5 + 0.02 * k + noise[k], 6)] for k in range(1, 9)]
        names = [f"subject_{k:03}" for k in range(min(size, 60))]
        record = base | {
            "cell": cell.model_dump(), "key": cell_key(cell, prints),
            "fingerprints": prints.model_dump(), "prepared_data": hashed((cell.target, "arrays")),
            "coverage": {"matched": 160, "missing": [], "mismatched": [],
                         "unused": ["fc.weight", "fc.bias"], "parameter_share": 1.0},
            "selection": base["selection"] | {"curve": curve, "train_subjects": names},
        }  # fmt: skip
        scores = text_of_cases(cases) % tuple(np.stack(columns, axis=1).ravel().tolist())
        return f'{json.dumps(record)[:-1]}, "cases": {scores}}}\n'.encode()

    grid = product(made.targets, made.train_subjects, made.sources, made.strategies, made.seeds)
    cells = {f"records/{one.path}": one for one in starmap(cell_of, islice(grid, count))}
    return list(cells), content


def generate(folder: Path, count: int, packed: bool) -> None:
    """Write a board and its first records, into files or one pack."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    made = card(count)
    (folder / "board.yaml").write_text(json.dumps(made.model_dump(mode="json")))
    names, content = contents(made, count)
    if packed:
        with closing(sqlite3.connect(folder / PACK)) as database, database:
            database.executescript(TABLES)
            _fill(database, names, content)
        return
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(name))


def tables(folder: Path, cache: str, out: str) -> None:
    """In a process of its own: read a folder, build its tables, write its page to `out` if any."""
    began = time.perf_counter()
    from benchmark.leaderboard.bulk.read_records import begin_reading
    from benchmark.workers import Workers

    imported = time.perf_counter()
    where = Path(cache) if cache else None
    with Workers() as workers:
        reading = begin_reading(Store(folder), workers, where)
        from benchmark.leaderboard.build import build_from_columns
        from benchmark.leaderboard.bulk.statistics_cache import StatisticsCache

        cells = reading()
        read = time.perf_counter()
        found = build_from_columns(
            Store(folder).board(),
            cells,
            cache=StatisticsCache(where),
            workers=workers,
        )
    built = time.perf_counter()
    if out:
        from benchmark.views.page.context import page_records
        from benchmark.views.page.write import write_page

        facts = page_records(cells)
        write_page(Path(out), found, replace(found, clean=True), facts, folder)
    print(json.dumps({
        "imports": imported - began, "read": read - imported, "tables": built - read,
        "page": time.perf_counter() - built, "records": len(cells),
        "rows": len(found.rows), "ranked": len(found.overall),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }))  # fmt: skip


def measure(what: str, folder: Path, cache: Path | None, page: Path | None = None) -> None:
    """Print the line of one process."""
    command = [sys.executable, __file__, "--tables", str(folder), str(cache or ""), str(page or "")]
    began, used = time.perf_counter(), children()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, busy = time.perf_counter() - began, children() - used
    found = json.loads(done.stdout)
    print(
        f"| {what} | {found['records']} | {found['rows']} | {found['read']:.1f} "
        f"| {found['tables']:.1f} | {found['page']:.1f} | {seconds:.1f} | {busy:.1f} "
        f"| {found['memory']:.0f} | {found['worker']:.0f} |",
        flush=True,
    )


def children() -> float:
    """Seconds of CPU time of all processes that have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def drop_files() -> None:
    """Make the operating system forget the contents of files."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def main() -> None:
    """Generate and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--packed", action="store_true", help="into one file")
    parser.add_argument("--folder", type=Path, help="keep the generated board here, or use it")
    parser.add_argument("--drop", action="store_true", help="empty the system's file cache first")
    parser.add_argument("--tables", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.tables:
        tables(Path(given.tables[0]), *given.tables[1:])
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "board"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "board.yaml").is_file():
            generate(folder, given.records, given.packed)
        cache = Path(scratch) / "cache"
        if given.drop:
            drop_files()
        print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}\n")
        heads = "records rows read,s tables,s page,s whole,s CPU,s MiB MiB,of,a,worker".split()
        print(f"| | {' | '.join(heads).replace(',', ' ')} |")
        print("|---" * (len(heads) + 1) + "|")
        name = Store(folder).files()[-1]
        added, text = folder / "records" / name, Store(folder).content(name).data
        added.unlink(missing_ok=True)  # a packed one is read again from the file that is added
        measure("cold, nothing kept", folder, None)
        measure("cold, kept for the next time", folder, cache)
        measure("again", folder, cache)
        write_bytes(added, text)
        measure("one record added", folder, cache)
        page = Path(scratch) / "page.html"
        measure("page, nothing kept", folder, None, page)
        measure("page, again", folder, cache, page)
        print(f"\nThe page has {page.stat().st_size / 2**20:.0f} MiB.")


if __name__ == "__main__":
    main()
