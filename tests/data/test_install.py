"""Getting a data set from a real local server: whole, interrupted anywhere, changed, refused."""

import hashlib
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image
from support.factories import workspace_at
from typer.testing import CliRunner, Result

from benchmark.cards.dataset import DatasetCard, Download
from benchmark.cards.layouts import PairedImages, PhantomLayout
from benchmark.cards.registry import Registry
from benchmark.cli.main import app
from benchmark.data import download
from benchmark.data import install as install_module
from benchmark.data.install import STAGING, install
from benchmark.data.install_state import STATE
from benchmark.data.licences import acceptance
from benchmark.data.resolve import resolve_dataset
from benchmark.errors import DataError
from benchmark.phantoms.catalogue import make_case
from benchmark.workspace import Workspace

LAYOUT = {
    "kind": "paired_images",
    "images": r"images/(?P<case>(?P<subject>\d+))\.png",
    "masks": ["masks/{case}.png"],
    "spacing_mm": 0.2,
}
SPLIT = "case,subject,subset\n" + "".join(
    f"{k},{k},{'train' if k < 3 else 'val' if k < 4 else 'test'}\n" for k in range(6)
)


def png(pixels: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(stream, "png")
    return stream.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


CASES = [make_case("fetal_head", seed=2, index=k, size=64) for k in range(6)]
IMAGES = {f"images/{k}.png": png(case.image) for k, case in enumerate(CASES)}
MASKS = {f"masks/{k}.png": png(case.mask) for k, case in enumerate(CASES)}
NOTES = b"read me"
FILES = {
    "images.zip": zipped(IMAGES | {"README.txt": NOTES}),
    "outer.zip": zipped({"README.txt": NOTES, "parts/a.zip": zipped(
        {k.removeprefix("masks/"): v for k, v in list(MASKS.items())[:3]}
    ), "parts/b.zip": zipped(
        {k.removeprefix("masks/"): v for k, v in list(MASKS.items())[3:]}
    )}),
    "masks.zip": zipped(MASKS | {"README.txt": NOTES}),
    "index.csv": b"a,b\n",
}  # fmt: skip


@dataclass
class Host:
    """What the server serves, after how many bytes it breaks off, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    cut: int | None = None
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    url: str = ""

    def download(self, file: str, **more: Any) -> Download:
        content = FILES[file]
        facts: dict[str, Any] = {"bytes": len(content), "md5": hashlib.md5(content).hexdigest()}
        unpack = file.endswith(".zip")
        return Download(url=f"{self.url}/{file}", file=file, unpack=unpack, **facts | more)

    def card(self, *downloads: Download, **more: Any) -> DatasetCard:
        facts: dict[str, Any] = {
            "id": "mine", "version": 1, "title": "Mine", "domain": "ultrasound",
            "licence": "CC BY 4.0 [bold]as is[/bold]", "access": "open", "citation": "Me, 2026",
            "homepage": "https://example.org/a/mine", "group_by": "subject",
            "labels": {"head": 1}, "layout": PairedImages.model_validate_json(json.dumps(LAYOUT)),
            "download": downloads or (
                self.download("images.zip", expects=("images/*.png",)),
                self.download("masks.zip"),
                self.download("index.csv", into="tables"),
            ),
        }  # fmt: skip
        return DatasetCard(**facts | more)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(download, "PAUSE_S", 0)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("benchmark.workspace.content_roots", tuple)
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            host.asked.append(name)
            content = host.files[unquote(name)]
            asked = self.headers.get("Range", "bytes=0-")
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            body = content[start:] if host.cut is None else content[start : start + host.cut]
            with suppress(ConnectionError):
                self.wfile.write(body)
            host.sent += len(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield host
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def refused(card: DatasetCard, home: Path, root: Path | None = None) -> str:
    with pytest.raises(DataError) as caught:
        install(card, workspace_at(home), root or home / "datasets/mine")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def tree(root: Path) -> dict[str, bytes]:
    files = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert files.pop(STATE, None) and not (root / STAGING).exists()
    return files


def write_content(folder: Path, card: DatasetCard) -> None:
    place = folder / "datasets" / card.id
    place.mkdir(parents=True, exist_ok=True)
    (place / "dataset.yaml").write_text(card.model_dump_json(exclude_unset=True))
    (place / "splits.csv").write_text(SPLIT)


def type_(home: Path, card: DatasetCard, *words: str, answer: str | None = None) -> Result:
    write_content(home.parent / "content", card)
    start = ["--home", str(home), "--content", str(home.parent / "content"), "data"]
    return CliRunner().invoke(app, [*start, *words], input=answer)


WHOLE = IMAGES | MASKS | {"README.txt": NOTES, "tables/index.csv": FILES["index.csv"]}


def test_from_the_server_to_a_registered_data_set(host: Host, home: Path) -> None:
    card = host.card()
    done = type_(home, card, "get", "mine", "--accept-licence")
    assert done.exit_code == 0, done.exception
    for text in (card.licence, card.citation, card.homepage, "6 cases of 6 subjects",
                 "images.zip", "total: 0.0"):  # fmt: skip
        assert text in done.stdout
    assert tree(home / "datasets/mine") == WHOLE
    assert not (home / "downloads/mine").exists()
    accepted = json.loads((home / "licences/mine.json").read_text())
    assert accepted["licence"] == card.licence and accepted["version"] == 1
    assert accepted["accepted"].endswith("+00:00")
    registry = Registry.load((home.parent / "content",))
    assert len(resolve_dataset(Workspace(registry, home), "mine").cases) == 6

    again = type_(home, card, "get", "mine")
    assert again.exit_code == 0 and "licence accepted on" in again.stdout
    assert host.asked == ["images.zip", "masks.zip", "index.csv"]


def test_another_folder_that_holds_other_files(host: Host, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    (root / "mine.txt").write_bytes(b"mine")
    (root / "README.txt").write_bytes(NOTES)
    done = type_(home, host.card(), "get", "mine", "--accept-licence", "--to", str(root))
    assert done.exit_code == 0, done.exception
    assert tree(root) == WHOLE | {"mine.txt": b"mine"}
    other = host.card(id="other")
    assert "holds mine; choose another folder" in refused(other, home, root)


def test_files_of_the_user_are_not_overwritten(host: Host, home: Path) -> None:
    place = home / "datasets/mine/images/3.png"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"mine")
    assert str(place) in refused(host.card(), home) and place.read_bytes() == b"mine"
    place.unlink()
    install(host.card(), workspace_at(home), home / "datasets/mine")
    assert tree(home / "datasets/mine") == WHOLE


def test_a_broken_transfer_goes_on_at_the_second_call(host: Host, home: Path) -> None:
    host.cut = 1000
    assert "same command again" in refused(host.card(), home)
    kept = host.sent
    assert kept > 5000 and not (home / "datasets/mine/images").exists()
    host.cut = None
    install(host.card(), workspace_at(home), home / "datasets/mine")
    assert tree(home / "datasets/mine") == WHOLE
    assert host.sent == sum(len(FILES[d.file]) for d in host.card().download)


def test_an_interruption_anywhere_loses_nothing(
    host: Host, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before each change below the hidden folder in turn, and once more on the way."""
    left = 0

    def stopping(usual: Any) -> Any:
        def change(path: Path, *args: Any, **more: Any) -> Any:
            nonlocal left
            if STAGING in path.parts:
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
            return usual(path, *args, **more)

        return change

    for name in ("rename", "unlink", "rmdir", "mkdir"):
        monkeypatch.setattr(Path, name, stopping(getattr(Path, name)))
    host.files["images.zip"] = zipped({"images/0.png": b"0", "README.txt": NOTES})
    inner = [zipped({"a/1.png": b"1", "README.txt": NOTES}), zipped({"a/2.png": b"2"})]
    host.files["outer.zip"] = zipped({f"parts/{k}.zip": data for k, data in enumerate(inner)})
    unchecked: dict[str, Any] = {"md5": None, "bytes": None}
    card = host.card(
        host.download("images.zip", **unchecked),
        host.download("outer.zip", nested="parts/*.zip", into="images", **unchecked),
        host.download("index.csv"),
    )
    expected = {
        "README.txt": NOTES, "images/0.png": b"0", "images/parts/a/1.png": b"1",
        "images/parts/a/2.png": b"2", "images/parts/README.txt": NOTES,
        "index.csv": FILES["index.csv"],
    }  # fmt: skip
    for number in range(1, 100):
        root = tmp_path / f"root{number}"
        left = number
        try:
            install(card, workspace_at(home), root)
        except KeyboardInterrupt:
            left = 3
            with suppress(KeyboardInterrupt):
                install(card, workspace_at(home), root)
            left = 0
            install(card, workspace_at(home), root)
        else:
            break
        assert tree(root) == expected, number
    assert number > 25 and tree(root) == expected
    assert host.asked == ["images.zip", "outer.zip", "index.csv"]


@pytest.mark.parametrize("kind", ["md5", "sha256", "bytes"])
def test_an_archive_that_changed_on_the_server(host: Host, home: Path, kind: str) -> None:
    sha256 = hashlib.sha256(FILES["masks.zip"]).hexdigest()
    facts: dict[str, Any] = {"md5": None, "sha256": None, "bytes": None}
    true = host.download("masks.zip", sha256=sha256)
    card = host.card(
        host.download("images.zip"),
        true.model_copy(update=facts | {kind: getattr(true, kind)}),
    )
    host.files["masks.zip"] = zipped(MASKS)
    message = refused(card, home)
    assert "has changed at its host" in message and f"{host.url}/masks.zip" in message
    assert not (home / "datasets/mine/masks").exists()
    host.files["masks.zip"] = FILES["masks.zip"]
    install(card, workspace_at(home), home / "datasets/mine")
    assert tree(home / "datasets/mine") == IMAGES | MASKS | {"README.txt": NOTES}
    assert host.asked.count("images.zip") == 1


def test_a_card_that_changed_since(host: Host, home: Path) -> None:
    root = home / "datasets/mine"
    without = host.card(host.download("images.zip", md5=None, bytes=None))
    install(without, workspace_at(home), root)
    install(host.card(host.download("images.zip")), workspace_at(home), root)
    assert host.asked == ["images.zip"]
    message = refused(host.card(host.download("images.zip", bytes=7)), home)
    assert f"bytes {len(FILES['images.zip'])}" in message and "now has 7" in message
    assert "into" in refused(host.card(host.download("images.zip", into="a")), home)


@pytest.mark.parametrize("file, nested", [("images.zip", None), ("outer.zip", "parts/*.zip")])
def test_a_missing_member(host: Host, home: Path, file: str, nested: str | None) -> None:
    root = home / "datasets/mine"
    card = host.card(host.download(file, nested=nested, expects=("README*", "labels/*.png")))
    message = refused(card, home)
    assert "'labels/*.png'" in message and file in message and "README" not in message
    assert [p for p in root.rglob("*") if p.is_file()] == []


def test_a_member_of_a_nested_archive_is_expected(host: Host, home: Path) -> None:
    found = host.download("outer.zip", nested="parts/*.zip", expects=("parts/5.png",))
    install(host.card(found), workspace_at(home), home / "datasets/mine")
    nested = {k.replace("masks/", "parts/"): v for k, v in MASKS.items()}
    assert tree(home / "datasets/mine") == nested | {"README.txt": NOTES}


def test_no_room_is_said_before_anything_is_fetched(
    host: Host, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = host.card(host.download("images.zip", bytes=3_000_000_000))
    usage = shutil.disk_usage(home.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5_000_000_000))
    message = refused(card, home)
    assert "6.00 GB or more are needed" in message and "5.00 GB are free" in message
    assert "--to" in message and host.asked == []


@pytest.mark.parametrize("where", ["into", "nested"])
@pytest.mark.parametrize("text", ["../evil", "/tmp/evil"])
def test_a_card_cannot_leave_the_folder(host: Host, home: Path, where: str, text: str) -> None:
    assert "fix the card" in refused(host.card(host.download("images.zip", **{where: text})), home)
    assert not (home / "datasets/evil").exists()


def test_two_downloads_of_one_name(host: Host, home: Path) -> None:
    card = host.card(host.download("images.zip"), host.download("images.zip", into="b"))
    assert "two downloads are named 'images.zip'" in refused(card, home)


def test_one_process_at_a_time(host: Host, home: Path) -> None:
    (home / "downloads").mkdir(parents=True)
    with FileLock(home / "downloads/mine.lock"):
        assert "another process is installing it" in refused(host.card(), home)
    assert host.asked == []


def test_a_damaged_note_of_what_is_there(host: Host, home: Path) -> None:
    (home / "datasets/mine").mkdir(parents=True)
    (home / "datasets/mine" / STATE).write_text("{")
    assert f"{STATE}: damaged" in refused(host.card(), home)


def test_without_a_terminal_the_licence_needs_its_option(host: Host, home: Path) -> None:
    done = type_(home, host.card(), "get", "mine", answer="y\n")
    assert isinstance(done.exception, DataError) and "--accept-licence" in str(done.exception)
    assert host.asked == [] and not (home / "licences").exists()


def test_the_licence_is_asked_for_until_accepted_and_when_it_changes(
    host: Host, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.cli.data.interactive", lambda: True)
    question = "Do you accept this licence?"
    no = type_(home, host.card(), "get", "mine", answer="n\n")
    assert question in no.stdout and "was not accepted" in str(no.exception) and host.asked == []
    yes = type_(home, host.card(), "get", "mine", answer="y\n")
    assert question in yes.stdout and yes.exit_code == 0, yes.exception
    known = type_(home, host.card(version=2), "get", "mine")
    assert question not in known.stdout and known.exit_code == 0
    new = type_(home, host.card(licence="CC BY-NC 4.0"), "get", "mine", answer="n\n")
    assert question in new.stdout and "was not accepted" in str(new.exception)
    assert acceptance(host.card(), workspace_at(home)) is not None
    (home / "licences/mine.json").write_text("{")
    assert acceptance(host.card(), workspace_at(home)) is None


def test_ctrl_c_ends_in_one_line(host: Host, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(install_module, "fetch", stop)
    done = type_(home, host.card(), "get", "mine", "--accept-licence")
    assert done.exit_code == 130 and done.stderr.splitlines() == [
        "stopped; type the same command to resume"
    ]


STEPS = ("Ask for an account at https://example.org/[register]; it takes days.", "Get [a].zip.")


@pytest.mark.parametrize("access_", ["account", "agreement"])
def test_the_steps_where_a_form_stands_before_the_data(
    host: Host, home: Path, access_: str
) -> None:
    done = type_(home, host.card(access=access_, how_to_get=STEPS), "get", "mine")
    assert done.exit_code == 0 and host.asked == []
    assert done.stdout.splitlines()[-3:] == [
        f"  1. {STEPS[0]}",
        f"  2. {STEPS[1]}",
        "  3. Type `segtransfer data import mine --from DIR`.",
    ]


def test_steps_that_end_with_the_import_are_not_added_to(host: Host, home: Path) -> None:
    steps = ("Ask.", "Type `segtransfer data import mine --from mine/Training`.")
    done = type_(home, host.card(access="account", how_to_get=steps), "get", "mine")
    assert done.stdout.splitlines()[-2:] == [f"  1. {steps[0]}", f"  2. {steps[1]}"]


def test_an_open_set_without_downloads_and_a_synthetic_one(host: Host, home: Path) -> None:
    card = host.card().model_copy(update={"download": ()})
    done = type_(home, card, "get", "mine", "--accept-licence")
    assert done.exit_code == 0 and f"1. Get the data from {card.homepage}." in done.stdout
    layout = PhantomLayout(
        kind="phantom", generator="lung_ribs", generator_version=1, seed=1, size=64, cases=2
    )
    phantom = type_(home, card.model_copy(update={"layout": layout}), "get", "mine")
    assert phantom.exit_code == 0
    assert phantom.stdout.split() == (
        "mine is synthetic: it is generated when it is read, there is nothing to download".split()
    )


def test_listed_files_come_one_by_one_each_verified_and_none_twice(host: Host, home: Path) -> None:
    listed = IMAGES | MASKS
    host.files |= {f"public set/{name}": content for name, content in listed.items()}
    card = host.card(files_url=f"{host.url}/public%20set/").model_copy(update={"download": ()})
    write_content(home.parent / "content", card)
    lines = [f"{name},{len(content)},{hashlib.sha256(content).hexdigest()}\n"
             for name, content in listed.items()]  # fmt: skip
    files_csv = home.parent / "content/datasets/mine/files.csv"
    files_csv.write_text("file,bytes,sha256\n" + "".join(lines))
    host.files["public set/masks/5.png"] = b"something else"
    done = type_(home, card, "get", "mine", "--accept-licence")
    assert done.exit_code == 1 and "masks/5.png" in str(done.exception)
    host.files["public set/masks/5.png"] = MASKS["masks/5.png"]
    host.asked.clear()
    done = type_(home, card, "get", "mine", "--accept-licence")
    assert done.exit_code == 0 and "12 files (0.0" in done.stdout and "6 cases" in done.stdout
    assert host.asked == ["public%20set/masks/5.png"]
    assert all((home / "datasets/mine" / name).read_bytes() == listed[name] for name in listed)
    (home / "datasets/mine/images/0.png").write_bytes(b"mine")
    done = type_(home, card, "get", "mine")
    assert "images/0.png: exists and differs" in str(done.exception)
    assert (home / "datasets/mine/images/0.png").read_bytes() == b"mine"
