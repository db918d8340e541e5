"""Unpacking: whole archives of a real layout, and every way an archive can be hostile."""

import gzip
import io
import random
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.data import archives
from benchmark.data.archives import extract
from benchmark.errors import DataError

FILES = {
    f"Set_v1/{kind}/{case:03d}_{kind}.png": random.Random(case).randbytes(2000)
    for kind in ("images", "masks")
    for case in range(4)
} | {"Set_v1/README.txt": b"read me", "Set_v1/empty.csv": b""}
JUNK = {"__MACOSX/Set_v1/._README.txt": b"x", "Set_v1/._a.png": b"x", "Set_v1/.DS_Store": b"x"}


def make_zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("Set_v1")
        for name, content in files.items():
            archive.writestr(name, content)


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def make_tar(path: Path, files: dict[str, bytes]) -> None:
    compression = "w" if path.suffix == ".tar" else "w:gz"
    with tarfile.open(path, compression) as archive:  # type: ignore[call-overload]
        folder = tarfile.TarInfo("./Set_v1")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            add(archive, name, content)


def make(path: Path, files: dict[str, bytes]) -> Path:
    (make_zip if path.suffix == ".zip" else make_tar)(path, files)
    return path


def check_refused(archive: Path, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        extract(archive, archive.parent / "out", **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value) and str(archive) in str(caught.value)
    assert list(archive.parent.iterdir()) == [archive]
    return str(caught.value)


EVERY = pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz"])
BOTH = pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])


@EVERY
def test_what_went_in_comes_out_without_junk(tmp_path: Path, name: str) -> None:
    archive, events = make(tmp_path / name, FILES | JUNK), []
    extract(
        archive, tmp_path / "deep/out", lambda *event: events.append(event), expected=["*/images/*"]
    )
    out = tmp_path / "deep/out"
    found = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert found == FILES
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert [path.name for path in out.iterdir()] == ["Set_v1"]
    assert events == sorted(events) and {stage for stage, *_ in events} == {f"unpacking {name}"}
    assert all(done <= total == archive.stat().st_size for _, done, total in events)


def test_a_tar_whose_first_name_looks_like_a_zip(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "PKU/a.png", b"x")
    extract(tmp_path / "a.tar", tmp_path / "out", expected=["PKU/*.png"])


@BOTH
@pytest.mark.parametrize(
    "bad", ["../evil", "a/../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "C:evil"]
)
def test_paths_out_of_the_folder(tmp_path: Path, name: str, bad: str) -> None:
    message = check_refused(make(tmp_path / name, FILES | {bad: b"x"}))
    assert "outside the folder" in message and "evil" in message


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "README.txt")
    assert "link or a device" in check_refused(tmp_path / "a.zip")


def test_an_encrypted_zip(tmp_path: Path) -> None:
    content = bytearray(make(tmp_path / "a.zip", {"a.png": b"x"}).read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    assert "encrypted" in check_refused(tmp_path / "a.zip")


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "members",
    [
        [link("out", "../../..")],
        [link("out", "/etc")],
        [link("out", "nothing")],
        [link("a/b", "."), link("a/b/c", "../..")],
        [link("out", "/etc/passwd", tarfile.LNKTYPE)],
        [link("out", "../a.tar", tarfile.LNKTYPE)],
        [link("out", "later", tarfile.LNKTYPE)],
        [link("folder", "Set_v1"), link("out", "folder/README.txt", tarfile.LNKTYPE)],
        [link("same", "Set_v1/README.txt"), tarfile.TarInfo("same")],
        [link("pipe", "", tarfile.FIFOTYPE)],
        [link("device", "", tarfile.CHRTYPE)],
    ],
)
def test_links_and_devices_in_a_tar(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "Set_v1/README.txt", b"x")
        for member in members:
            archive.addfile(member)
    check_refused(tmp_path / "a.tar")


def test_links_within_a_tar_are_kept(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "Set_v1/README.txt", b"x")
        archive.addfile(link("Set_v1/soft", "README.txt"))
        archive.addfile(link("Set_v1/hard", "Set_v1/README.txt", tarfile.LNKTYPE))
    extract(tmp_path / "a.tar", tmp_path / "out")
    assert (tmp_path / "out/Set_v1/soft").read_bytes() == b"x"
    assert (tmp_path / "out/Set_v1/hard").read_bytes() == b"x"


@BOTH
def test_a_bomb(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path / name, {"zeros": bytes(2_000_000)})
    monkeypatch.setattr(archives, "SMALL_BYTES", 1_000_000)
    assert "bomb" in check_refused(archive)
    extract(archive, tmp_path / "out", max_ratio=2000)


def test_a_zip_that_holds_more_than_it_declares(tmp_path: Path) -> None:
    content = bytearray(make(tmp_path / "a.zip", {"zeros": bytes(100_000)}).read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    assert "damaged" in check_refused(tmp_path / "a.zip")


@BOTH
def test_too_many_members(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 5)
    assert "more than 5 members" in check_refused(make(tmp_path / name, FILES))


@BOTH
def test_no_room(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5000))
    assert "GB are free" in check_refused(make(tmp_path / name, FILES))


@EVERY
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.8])
def test_a_truncated_archive(tmp_path: Path, name: str, keep: float) -> None:
    files = FILES if name != "a.tar" else FILES | {"long": bytes(20_000)}
    archive = make(tmp_path / name, files)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(keep * len(content))])
    assert "damaged" in check_refused(archive)


def flip(content: bytearray) -> None:
    at = content.index(FILES["Set_v1/images/002_images.png"][:20])
    content[at + 50] ^= 255


def harm_header(content: bytearray) -> None:
    content[content.index(b"Set_v1/masks/002")] ^= 255


def cut_between_members(content: bytearray) -> None:
    del content[content.index(b"Set_v1/masks/002") :]


@pytest.mark.parametrize(
    "name, harm",
    [("a.zip", flip), ("a.tar.gz", flip), ("a.tar", harm_header), ("a.tar", cut_between_members)],
)
def test_a_damaged_archive(tmp_path: Path, name: str, harm: Callable[[bytearray], None]) -> None:
    if name == "a.zip":
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_STORED) as archive:
            for member, data in FILES.items():
                archive.writestr(member, data)
        content = bytearray((tmp_path / name).read_bytes())
    else:
        content = bytearray(make(tmp_path / "a.tar", FILES).read_bytes())
    (tmp_path / "a.tar").unlink(missing_ok=True)
    if name == "a.tar.gz":
        content = bytearray(gzip.compress(content, 0))
    harm(content)
    (tmp_path / name).write_bytes(content)
    assert "damaged" in check_refused(tmp_path / name)


def test_no_archive_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("<html>Please log in</html>" * 100)
    assert "not a zip or tar archive" in check_refused(tmp_path / "a.zip")


@BOTH
def test_a_missing_member(tmp_path: Path, name: str) -> None:
    message = check_refused(
        make(tmp_path / name, FILES), expected=["*/images/*.png", "*/labels/*.png"]
    )
    assert "missing member" in message and "*/labels/*.png" in message and "images" not in message


def test_the_folder_is_there_or_the_archive_is_not(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", FILES)
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="exists already"):
        extract(archive, tmp_path / "out")
    with pytest.raises(DataError, match="No such file"):
        extract(tmp_path / "b.zip", tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "out"]
