"""A container with harmful or oversized content is refused before it is read."""

import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from support.packs import SEED0, Machine, findings, make_pack

from benchmark.data import archives
from benchmark.submission import limits


def archive(folder: Path, path: Path, *more: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                made.write(one, one.relative_to(folder).as_posix())
        for member, data in more:
            made.writestr(member, data, zipfile.ZIP_DEFLATED)
    return path


def link() -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("records/link.json")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (zipfile.ZipInfo("../outside.json"), "outside the folder"),
        (zipfile.ZipInfo("records/../../outside.json"), "outside the folder"),
        (zipfile.ZipInfo("/tmp/outside.json"), "outside the folder"),
        (zipfile.ZipInfo("C:\\outside.json"), "outside the folder"),
        (link(), "is a link"),
        (zipfile.ZipInfo("cases.csv"), "in the zip 2 times"),
        (zipfile.ZipInfo("CASES.csv"), "in the zip 2 times"),
        (zipfile.ZipInfo("weights.pkl"), "no pack has such a file"),
        (zipfile.ZipInfo("records/a.pth"), "no pack has such a file"),
        (zipfile.ZipInfo("tasks/source/evil.py"), "no pack has such a file"),
        (zipfile.ZipInfo("\x1b[2J.json"), "no pack has such a file"),
    ],
    ids=lambda one: ascii(one.filename) if isinstance(one, zipfile.ZipInfo) else "",
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_holds_the_files_of_a_pack_and_nothing_else(
    machine: Machine, tmp_path: Path, member: zipfile.ZipInfo, message: str
) -> None:
    path = archive(make_pack(machine, tmp_path / "in" / "p"), tmp_path / "p.zip", (member, b"{}"))
    found = findings(machine, path)
    assert message in found.get("container", "") + found.get("files and sizes", "")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in", "p.zip"]


def test_a_bomb_is_not_unpacked(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "SMALL_BYTES", 1_000_000)
    bomb = (zipfile.ZipInfo("cases.csv"), bytes(2_500_000))
    path = archive(tmp_path / "nothing", tmp_path / "p.zip", bomb)
    assert path.stat().st_size < 5_000
    assert "a bomb" in findings(machine, path)["container"]


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"PK\3\4" + bytes(100), b"not a zip"])
def test_what_is_no_zip_is_refused(machine: Machine, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(content)
    assert "container" in findings(machine, path)
    assert "container" in findings(machine, tmp_path / "nowhere")


def test_links_are_not_followed(machine: Machine, pack: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pack)
    assert "neither a folder nor a zip" in findings(machine, tmp_path / "link")["container"]
    path = pack / "records" / SEED0
    path.rename(tmp_path / "record.json")
    path.symlink_to(tmp_path / "record.json")
    assert "link" in findings(machine, pack)["files and sizes"]
    shutil.rmtree(pack / "records")
    (pack / "records").symlink_to(tmp_path)
    assert "link" in findings(machine, pack)["files and sizes"]
    (pack / "records").unlink()
    os.mkfifo(pack / "cases.fifo")
    assert "not a file" in findings(machine, pack)["files and sizes"]


def test_sizes_are_limited(
    machine: Machine, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_pack(machine, tmp_path / "p.zip")
    for name in ("MAX_FILES", "MAX_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(limits, name, 3)
            assert "a pack has at most" in findings(machine, path)["container"]
            assert "a pack has at most" in findings(machine, pack)["files and sizes"]
    monkeypatch.setattr(limits, "MAX_TEXT_BYTES", 3)
    assert "are read" in findings(machine, pack)["files and sizes"]
    assert limits.MAX_BYTES < 10**10
