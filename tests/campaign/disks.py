"""A disk that is really full, and one that does not tell capitals from small letters.

    PYTHONPATH=tests python -m campaign.disks [--parts full one_case] [--tries N]

The campaign runs in a namespace of its own (`unshare`), in which it mounts a small tmpfs and, for
root only, an NTFS image by `lowntfs-3g -o ignore_case`; outside of it nothing is seen of them. What
the machine does not permit or has not installed is skipped, with the reason. Prints counts as JSON;
exit status 1 if anything was otherwise.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from campaign.bench import PHASES, REFUSED, UNFINISHED, Bench, plain
from campaign.trial import Result, Trial, note

NAMESPACE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
INSIDE = "SEGTRANSFER_CAMPAIGN_NAMESPACE"
SHARES = (0.05, 0.0, 0.3, 0.6, 0.95)  # of what a complete run writes
ROOM = 256 * 2**20
PARTS = ("full", "one_case")


def reason_to_skip(*commands: str) -> str:
    """Why file systems cannot be mounted here; empty if they can."""
    if "lowntfs-3g" in commands and os.geteuid() != 0:
        return "only root may mount an NTFS image"
    if missing := next((name for name in ("unshare", *commands) if not shutil.which(name)), ""):
        return f"{missing} is not installed"
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True)
    return tried.stderr.strip() if tried.returncode else ""


def full(folder: Path, tries: int) -> Result:
    """Run the board on disks with too little room, and on one that others fill; then make room.

    Args:
        folder: Where they are mounted.
        tries: How many of each kind.
    """
    _mount("-t", "tmpfs", "-o", f"size={ROOM}", "campaign", str(folder))
    trial = Trial(folder / "ü 1", seed=0)
    whole = shutil.disk_usage(folder).used
    trial.bench.forget()
    empty, ends = shutil.disk_usage(folder).used, dict[str, str]()
    for share in SHARES[:tries]:
        what = f"room for {share:.0%}"
        trial.bench.forget()
        _mount("-o", f"remount,size={empty + round(share * (whole - empty))}", str(folder))
        trial.refused_in_one_line(what, trial.bench.command(), REFUSED, UNFINISHED)
        ends[what] = trial.bench.phase()
        _mount("-o", f"remount,size={ROOM}", str(folder))
        trial.finish(what)
        note(f"{what}: {ends[what]}; otherwise {len(trial.wrong)}")
    for phase in PHASES[1:-1][:tries]:
        what = f"filled in: {phase}"
        trial.bench.forget()
        command = trial.bench.command("--jobs", "2")
        trial.wait_for(phase, command)
        _fill(folder / "filler")
        trial.refused_in_one_line(what, command, REFUSED, UNFINISHED)
        ends[what] = trial.bench.phase()
        (folder / "filler").unlink()
        trial.finish(what)
        note(f"{what}: {ends[what]}; otherwise {len(trial.wrong)}")
    return {"tried": len(ends), **ends, "bytes of a run": whole - empty, "otherwise": trial.wrong}


def _fill(path: Path) -> None:
    """Take all room that is left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(2**16)):
            pass


def one_case(folder: Path, tries: int) -> Result:
    """Run the board where `A` and `a` are one file; its records are those of the usual disk."""
    usual = Trial(folder / "usual", seed=0)
    image, disk = folder / "disk.img", folder / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(2**30)
    subprocess.run(["mkntfs", "-q", "-F", "-f", image], check=True, capture_output=True)
    subprocess.run(["lowntfs-3g", "-o", "ignore_case", image, disk], check=True)
    try:
        (disk / "A").touch()
        assert (disk / "a").exists()
        bench = Bench.create(disk / "bench")
        bench.command("--jobs", "2").check()
        usual.expect("one case: equal records", bench.records() == usual.expected)
        usual.expect("one case: nothing left over", not bench.leftovers(), bench.leftovers())
        usual.expect("one case: done", "already done" in bench.command().end()[1])
        card = bench.root / "cards/datasets/pictures/dataset.yaml"
        other = bench.root / "cards/datasets/PICTURES/dataset.yaml"  # is the same file
        usual.expect("one case: one card", other.samefile(card))
        usual.expect("one case: list", bench.command("list").end()[0] == 0)
    finally:
        subprocess.run(["umount", disk], check=True)
    return {"records": len(usual.expected), "otherwise": usual.wrong}


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def run(parts: Sequence[str], tries: int) -> Result:
    """Carry out the parts, in a namespace in which disks may be mounted."""
    found: Result = {}
    for name in parts:
        with tempfile.TemporaryDirectory(prefix="disks ") as folder:
            found[name] = {"full": full, "one_case": one_case}[name](Path(folder).resolve(), tries)
            if name == "full":
                subprocess.run(["umount", folder], check=True)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=len(SHARES))
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    options = parser.parse_args()
    needed = ("mkntfs", "lowntfs-3g") if "one_case" in options.parts else ()
    if INSIDE in os.environ:
        result = run(options.parts, options.tries)
        print(plain(result))
        sys.exit(any(part["otherwise"] for part in result.values()))
    if reason := reason_to_skip(*needed):
        print(f"skipped: {reason}")
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", [*NAMESPACE, sys.executable, "-m", "campaign.disks", *sys.argv[1:]])


if __name__ == "__main__":
    main()
