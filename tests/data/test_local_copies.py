"""Registering a local copy: what is found, what is missing, what is refused."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.factories import workspace_at

from benchmark.cards.problem import Intensity
from benchmark.cards.registry import Registry
from benchmark.cards.target import Fold, TargetCard
from benchmark.data.local_copies import local_copy, register
from benchmark.data.resolve import resolve_dataset, resolve_target
from benchmark.errors import DataError, SplitError
from benchmark.phantoms.catalogue import make_case
from benchmark.planning.availability import refused_targets
from benchmark.workspace import Workspace

CARD = r"""id: mine
version: 1
title: Mine
domain: ultrasound
licence: none
access: open
citation: none
homepage: none
group_by: subject
labels: {head: 255}
layout:
  kind: paired_images
  images: 'images/(?P<case>(?P<subject>\d+)_\d)\.png'
  masks: ['masks/{case}.png']
  spacing_mm: 0.2
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content/datasets/mine"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text(CARD)
    rows = ["case,subject,subset"]
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for k in range(6):
        case = make_case("fetal_head", seed=2, index=k, size=64)
        Image.fromarray(case.image.astype(np.uint8)).save(tmp_path / f"images/00{k}_1.png")
        Image.fromarray(255 * case.mask).save(tmp_path / f"masks/00{k}_1.png")
        rows.append(f"00{k}_1,00{k},{'train' if k < 3 else 'val' if k < 4 else 'test'}")
    (folder / "splits.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def registry(content: Path) -> Registry:
    return Registry.load((content / "content",))


def test_a_whole_copy(content: Path) -> None:
    copy = register(Workspace(registry(content), content / "home"), "mine", content)
    assert (copy.cases, copy.subjects, copy.subset) == (6, 6, False)
    assert copy.label_cases == {"head": 6} and "cases with each label: head 6 (of 6)" in (
        copy.summary("")
    )
    greys = [np.asarray(Image.open(path)) for path in (content / "images").iterdir()]
    assert copy.grey_values == (np.min(greys), np.max(greys))
    assert f"grey values: {np.min(greys)} to {np.max(greys)}" in copy.summary("")
    assert copy.spacing_mm == (0.2, 0.2) and copy.subsets == {"train": 3, "val": 1, "test": 2}
    assert local_copy("mine", workspace_at(content / "home")) == copy
    data = resolve_dataset(Workspace(registry(content), content / "home"), "mine")
    assert len(data.cases) == 6 and data.fingerprint == copy.fingerprint and not data.subset


def test_a_label_that_no_mask_has_is_refused_where_it_would_be_scored(content: Path) -> None:
    """Nothing predicted where nothing is scores 1: such a label would lift every mean."""
    card = content / "content/datasets/mine/dataset.yaml"
    card.write_text(CARD.replace("labels: {head: 255}", "labels: {head: 255, brain: 7}"))
    workspace = Workspace(registry(content), content / "home")
    copy = register(workspace, "mine", content)
    assert copy.label_cases == {"head": 6, "brain": 0}
    assert "cases with each label: head 6, brain 0 (of 6)" in copy.summary("")
    target = TargetCard(
        id="two",
        version=1,
        title="t",
        dataset="mine",
        slice_axis=None,
        intensity=Intensity(kind="range", low=0, high=255),
        labels={"head": ("head",), "brain": ("brain",)},
    )
    with pytest.raises(DataError, match="^mine: label 'brain' of target task two is in no test"):
        resolve_target(workspace, target)
    for labels in ({"head": ("head",)}, {"both": ("head", "brain")}):
        chosen = target.model_copy(update={"labels": labels})
        assert len(resolve_target(workspace, chosen).cases) == 6


@pytest.mark.parametrize(
    ("with_brain", "folds", "tested"),
    [
        ((0, 1, 2, 3), {}, False),
        ((0, 1, 2, 3, 4), {}, True),  # one healthy test case
        ((0, 1, 2, 3), {"folds": 3}, True),  # each subject is tested once
        ((0, 2, 4, 5), {"fold": Fold(number=1, of=3)}, True),
        ((0, 2, 4, 5), {"fold": Fold(number=2, of=3)}, False),  # 001 and 003
    ],
)
def test_a_label_that_no_test_case_has_is_refused(
    with_brain: tuple[int, ...], folds: dict[str, Any], tested: bool, content: Path
) -> None:
    """A healthy test case is a test of false alarms; only healthy ones measure nothing else."""
    card = content / "content/datasets/mine/dataset.yaml"
    card.write_text(CARD.replace("labels: {head: 255}", "labels: {head: 255, brain: 7}"))
    for k in with_brain:
        path = content / f"masks/00{k}_1.png"
        mask = np.array(Image.open(path))
        mask[30:34, 30:34] = 7
        Image.fromarray(mask).save(path)
    workspace = Workspace(registry(content), content / "home")
    copy = register(workspace, "mine", content)
    assert copy.label_cases == {"head": 6, "brain": len(with_brain)}
    target = TargetCard(
        id="brains",
        version=1,
        title="t",
        dataset="mine",
        slice_axis=None,
        intensity=Intensity(kind="range", low=0, high=255),
        labels={"brain": ("brain",)},
        **folds,
    )
    targets = {"brains": target, "heads": target.model_copy(update={"labels": {"h": ("head",)}})}
    known = replace(workspace, registry=replace(workspace.registry, targets=targets))
    if tested:
        assert resolve_target(workspace, target).names("test")
        assert not refused_targets(known, "mine")
    else:
        with pytest.raises(DataError, match="^mine: label 'brain' of target task brains is in no "):
            resolve_target(workspace, target)
        assert list(refused_targets(known, "mine")) == ["brains"]


@pytest.mark.parametrize(
    ("how", "factor", "refused"),
    [
        (Intensity(kind="range", low=0, high=255), 1, False),
        (Intensity(kind="range", low=0, high=255), 257, True),
        (Intensity(kind="range", low=0, high=255), 1 / 255, True),
        (Intensity(kind="range", low=0, high=65535), 257, False),
        (Intensity(kind="percentile", low=1, high=99), 257, False),
        (Intensity(kind="window", low=-160, high=240), 257, False),
        (Intensity(kind="window", low=-1000, high=-10), 1, True),
    ],
)
def test_bounds_that_leave_nothing_of_the_grey_values_are_refused(
    how: Intensity, factor: float, refused: bool, content: Path
) -> None:
    """16-bit pictures under `high: 255` would be white, floats up to 1 black."""
    for path in (content / "images").iterdir():
        pixels = np.asarray(Image.open(path)) * np.float32(factor)
        Image.fromarray(pixels).save(path, "TIFF")
    workspace = Workspace(registry(content), content / "home")
    register(workspace, "mine", content)
    target = TargetCard(
        id="own", version=1, title="t", dataset="mine", slice_axis=None, intensity=how
    )
    if refused:
        with pytest.raises(DataError, match=rf"grey values are .* target task own .*{how.kind}"):
            resolve_target(workspace, target)
    else:
        resolve_target(workspace, target)


def test_a_partial_copy_is_marked_and_extra_files_are_ignored(content: Path) -> None:
    whole = register(Workspace(registry(content), content / "home"), "mine", content)
    (content / "images/005_1.png").unlink()
    for kind in ("images", "masks"):
        (content / kind / "009_1.png").write_bytes((content / kind / "004_1.png").read_bytes())
    copy = register(Workspace(registry(content), content / "home"), "mine", content)
    assert copy.subset and copy.missing == ("005_1",) and copy.extra == ("009_1",)
    assert copy.fingerprint != whole.fingerprint
    assert "partial copy" in copy.summary("")


def test_a_card_of_a_part_is_marked_though_its_copy_is_whole(content: Path) -> None:
    copy = register(Workspace(registry(content), content / "home"), "mine", content)
    assert "marked" not in copy.summary("")
    card = content / "content/datasets/mine/dataset.yaml"
    card.write_text(card.read_text() + "part_of: 6 of 999 images\n")
    assert "6 of 999 images: every record will be marked `subset`" in copy.summary(
        registry(content).dataset("mine").part_of
    )
    data = resolve_dataset(Workspace(registry(content), content / "home"), "mine")
    assert data.subset and data.fingerprint == copy.fingerprint


def test_a_changed_file_changes_the_fingerprint(content: Path) -> None:
    before = register(Workspace(registry(content), content / "home"), "mine", content).fingerprint
    Image.open(content / "images/000_1.png").point(lambda v: v // 2).save(
        content / "images/000_1.png"
    )
    assert (
        register(Workspace(registry(content), content / "home"), "mine", content).fingerprint
        != before
    )


@pytest.mark.parametrize("cores", [1, 4])
def test_threads_change_nothing(content: Path, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)))
    events: list[Any] = []

    def keep(*event: Any) -> None:
        events.append(event)

    copy = register(Workspace(registry(content), content / "home"), "mine", content, keep)
    expected = hashlib.sha256()
    for name in (f"00{k}_1" for k in range(6)):
        files = ((content / kind / f"{name}.png").read_bytes() for kind in ("images", "masks"))
        expected.update(f"{name}|{hashlib.sha256(b''.join(files)).hexdigest()}\n".encode())
    assert copy.fingerprint == "sha256:" + expected.hexdigest()
    assert events == [("reading mine", k, 6) for k in range(1, 7)]
    for name in ("004_1", "001_1"):
        (content / f"images/{name}.png").write_bytes(b"damaged")
    with pytest.raises(DataError, match="001_1"):
        register(Workspace(registry(content), content / "home"), "mine", content)


def test_a_copy_in_another_subset_is_refused(content: Path) -> None:
    (content / "images/005_1.png").write_bytes((content / "images/000_1.png").read_bytes())
    with pytest.raises(SplitError, match="000_1 ~ 005_1"):
        register(Workspace(registry(content), content / "home"), "mine", content)
    assert not (content / "home/data/mine.json").exists()


def test_nothing_registered_says_what_to_type(content: Path) -> None:
    with pytest.raises(DataError, match="segtransfer data import mine --from DIR"):
        resolve_dataset(Workspace(registry(content), content / "home"), "mine")
    (content / "home/data").mkdir(parents=True)
    (content / "home/data/mine.json").write_text("{")
    with pytest.raises(DataError, match="import the data set again"):
        resolve_dataset(Workspace(registry(content), content / "home"), "mine")


def test_a_copy_that_shrank_since_is_noticed(content: Path) -> None:
    register(Workspace(registry(content), content / "home"), "mine", content)
    (content / "images/005_1.png").unlink()
    with pytest.raises(DataError, match="5 cases, 6 when it was registered"):
        resolve_dataset(Workspace(registry(content), content / "home"), "mine")


def test_a_copy_that_changed_since_is_noticed(content: Path) -> None:
    workspace = Workspace(registry(content), content / "home")
    copy, mask = register(workspace, "mine", content), content / "masks/003_1.png"
    os.utime(mask, (1, 1))  # copied anew: the content counts
    assert resolve_dataset(workspace, "mine").fingerprint == copy.fingerprint
    kept = local_copy("mine", workspace)
    assert kept.dates != copy.dates and kept == copy.model_copy(update={"dates": kept.dates})
    values = np.array(Image.open(mask))
    values[0, 0] = 255
    Image.fromarray(values).save(mask)
    with pytest.raises(DataError, match="files have changed .* type `segtransfer data import mine"):
        resolve_dataset(workspace, "mine")
    assert register(workspace, "mine", content).fingerprint != copy.fingerprint
    assert resolve_dataset(workspace, "mine").fingerprint != copy.fingerprint


def test_a_split_that_spells_a_case_otherwise(content: Path) -> None:
    for kind in ("images", "masks"):
        (content / kind / "005_1.png").rename(content / kind / "005_1\u200b.png")
    card = content / "content/datasets/mine/dataset.yaml"
    card.write_text(CARD.replace(r"_\d)", r"_\d\W?)"))
    with pytest.raises(SplitError, match=r"splits.csv and the files in .* two spellings"):
        register(Workspace(registry(content), content / "home"), "mine", content)
