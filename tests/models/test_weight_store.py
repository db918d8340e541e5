"""Checkpoints: given or fetched from a local server, verified, and recorded by hash."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest
from support.factories import workspace_at

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.source import HubFile, WeightsFile
from benchmark.errors import BenchmarkError, WeightsError
from benchmark.models.weight_store import get_weights, import_weights, stored_weights
from benchmark.workspace import Workspace

DATA = b"weights" * 1000
SHA = hashlib.sha256(DATA).hexdigest()
COMMIT = "a" * 40


class Handler(BaseHTTPRequestHandler):
    """The file at /w.pth, and the responses of a hub to a download."""

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        known_path = self.path in (
            "/w.pth",
            f"/o/n/resolve/{COMMIT}/w.pth",
            "/o/n/resolve/main/w.pth",
        )
        data = DATA if known_path else b"not here"
        self.send_response(200 if known_path else 404)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{SHA}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if not known_path:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{http.server_port}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(
            huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE",
            address + "/{repo_id}/resolve/{revision}/{filename}",
        )  # fmt: skip
        yield address
        http.shutdown()


def registry(**weights: object) -> Registry:
    """The shipped cards, with other weights for one source."""
    shipped = Registry.load(content_roots())
    card = shipped.source("imagenet_resnet18_torchvision")
    changed = card.model_copy(
        update={"weights": WeightsFile(file="w.pth", licence="none", **weights)}  # type: ignore[arg-type]
    )
    return Registry(
        datasets=shipped.datasets, sources={**shipped.sources, card.id: changed},
        targets=shipped.targets, boards=shipped.boards, folders=shipped.folders,
    )  # fmt: skip


ID = "imagenet_resnet18_torchvision"


@pytest.mark.parametrize("digits", [8, 64])
def test_a_url_is_fetched_and_its_full_hash_recorded(
    server: str, tmp_path: Path, digits: int
) -> None:
    cards = registry(url=f"{server}/w.pth", sha256=SHA[:digits])
    with pytest.raises(WeightsError, match="segtransfer source get"):
        stored_weights(cards.source(ID), workspace_at(tmp_path))
    stored = get_weights(Workspace(cards, tmp_path), ID)
    assert stored.sha256 == SHA and stored.origin == f"{server}/w.pth"
    assert stored.path(workspace_at(tmp_path)).read_bytes() == DATA
    assert stored_weights(cards.source(ID), workspace_at(tmp_path)) == stored
    assert not list((tmp_path / "downloads").rglob("w.pth"))


def test_another_file_than_on_the_card_is_not_kept(server: str, tmp_path: Path) -> None:
    cards = registry(url=f"{server}/w.pth", sha256="00000000")
    with pytest.raises(WeightsError, match="SHA-256 is .* the card of .* states 00000000"):
        get_weights(Workspace(cards, tmp_path), ID)
    with pytest.raises(WeightsError, match="not on this machine"):
        stored_weights(cards.source(ID), workspace_at(tmp_path))


@pytest.mark.parametrize("revision", [COMMIT, None])
def test_a_hub_file_is_recorded_with_its_commit(
    server: str, tmp_path: Path, revision: str | None
) -> None:
    cards = registry(hub=HubFile(repo="o/n", file="w.pth", revision=revision))
    stored = get_weights(Workspace(cards, tmp_path), ID)
    assert stored.origin == f"o/n@{COMMIT}" and stored.sha256 == SHA


def test_a_missing_hub_file_is_one_line(server: str, tmp_path: Path) -> None:
    cards = registry(hub=HubFile(repo="o/n", file="gone.pth", revision=COMMIT))
    with pytest.raises(WeightsError, match="o/n, gone.pth: cannot be fetched") as caught:
        get_weights(Workspace(cards, tmp_path), ID)
    assert "\n" not in str(caught.value)


def test_without_an_address_the_file_is_required(tmp_path: Path) -> None:
    cards = registry(sha256=SHA)
    with pytest.raises(WeightsError, match="source import .* --from FILE"):
        get_weights(Workspace(cards, tmp_path), ID)
    file = tmp_path / "mine.pth"
    os.mkfifo(file)
    with pytest.raises(WeightsError, match="mine.pth: no such file"):
        import_weights(Workspace(cards, tmp_path), ID, file)
    file.unlink()
    file.write_bytes(DATA)
    stored = import_weights(Workspace(cards, tmp_path), ID, file)
    assert stored.file == "w.pth" and stored.origin == "file mine.pth"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda home, lock, file: lock.write_text("{"), "damaged"),
        (lambda home, lock, file: lock.write_text(lock.read_text().replace(SHA, "1")), "damaged"),
        (
            lambda home, lock, file: lock.write_text(lock.read_text().replace("w.pth", "w" * 300)),
            "damaged",
        ),
        (lambda home, lock, file: file.unlink(), "the file is missing"),
        (
            lambda home, lock, file: lock.write_text(
                json.dumps({**json.loads(lock.read_text()), "sha256": "1" * 64})
            ),
            "the file is missing",
        ),
    ],
)
def test_a_damaged_store_names_the_command(tmp_path: Path, damage, message: str) -> None:  # type: ignore[no-untyped-def]
    cards = registry(sha256=SHA)
    file = tmp_path / "mine.pth"
    file.write_bytes(DATA)
    stored = import_weights(Workspace(cards, tmp_path), ID, file)
    damage(tmp_path, tmp_path / "weights" / f"{ID}.json", stored.path(workspace_at(tmp_path)))
    with pytest.raises(BenchmarkError, match=f"{message}.*segtransfer source import"):
        stored_weights(cards.source(ID), workspace_at(tmp_path))


def test_a_card_with_another_hash_than_before(tmp_path: Path) -> None:
    file = tmp_path / "mine.pth"
    file.write_bytes(DATA)
    import_weights(Workspace(registry(sha256=SHA), tmp_path), ID, file)
    with pytest.raises(WeightsError, match="its card states"):
        stored_weights(registry(sha256="0" * 64).source(ID), workspace_at(tmp_path))
