"""Splits are by subject; the gate finds shared subjects and near-duplicate images."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError
from support.real_data import REAL_DATA, needs_real_data

from benchmark.cards.content import content_roots
from benchmark.cards.dataset import SplitRule, Subset
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.strategy import Strategy
from benchmark.cards.target import Fold, TargetCard
from benchmark.data.cases import Case
from benchmark.data.near_duplicates import check_near_duplicates, near_duplicates, thumbnail
from benchmark.data.readers.images import read_picture
from benchmark.data.resolve import resolve_dataset, resolve_target
from benchmark.data.splits import (
    check_groups,
    check_subjects,
    make_split,
    split_by_rule,
    split_in_folds,
)
from benchmark.errors import SplitError
from benchmark.phantoms.catalogue import make_case
from benchmark.planning.transfers import GridSelection, nested_subjects, plan
from benchmark.workspace import Workspace

HC18 = REAL_DATA / "hc18_fetal_head/images"


def row(case: str, subject: str, subset: Subset) -> SplitRow:
    return SplitRow(case=case, subject=subject, subset=subset)


@given(st.integers(3, 60), st.integers(1, 4), st.integers(0, 9))
def test_a_split_is_grouped_whole_and_repeatable(subjects: int, each: int, seed: int) -> None:
    cases = [Case(case=f"{s}-{k}", subject=f"s{s}") for s in range(subjects) for k in range(each)]
    rows = make_split(cases, seed=seed)
    check_groups("d", rows)
    check_subjects("d", rows, cases)
    assert [r.case for r in rows] == [c.case for c in cases]
    assert {r.subset for r in rows} == {"train", "val", "test"}
    assert rows == make_split(cases, seed=seed)


@given(st.integers(1, 20), st.integers(1, 20))
def test_smaller_training_sets_lie_inside_larger_ones(one: int, two: int) -> None:
    rows = [row(f"c{k}", f"s{k}", "train") for k in range(20)]
    small, large = sorted((one, two))
    assert set(nested_subjects(rows, small)) <= set(nested_subjects(rows, large))
    assert len(nested_subjects(rows, small)) == small
    assert len(nested_subjects(rows, 0)) == 20


def test_a_shared_subject_is_refused_by_name() -> None:
    rows = [row("a", "s1", "train"), row("b", "s1", "test"), row("c", "s2", "val")]
    with pytest.raises(SplitError, match=r"1 subjects .*'s1' \(test, train\)"):
        check_groups("d", rows)


def test_a_split_that_renames_a_subject_is_refused() -> None:
    with pytest.raises(SplitError, match="'a' is of subject 's2', but the data have 's1'"):
        check_subjects("d", [row("a", "s2", "train")], [Case(case="a", subject="s1")])


def spoiled(image: np.ndarray) -> np.ndarray:
    """A copy: smaller, darker, compressed."""
    picture = Image.fromarray(np.clip(0.8 * image + 10, 0, 255).astype(np.uint8))
    small = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file), np.float32)


def test_a_spoiled_copy_is_found_and_other_cases_are_not() -> None:
    images = {f"c{k}": make_case("fetal_head", seed=1, index=k, size=128).image for k in range(12)}
    thumbnails = {name: thumbnail(image) for name, image in images.items()}
    thumbnails["copy"] = thumbnail(spoiled(images["c3"]))
    rows = [row(name, name, "train") for name in images]
    assert near_duplicates(thumbnails, rows) == []
    leak = [*rows, row("copy", "copy", "test")]
    assert near_duplicates(thumbnails, leak) == [("c3", "copy")]
    with pytest.raises(SplitError, match="1 near-duplicate images .* c3 ~ copy"):
        check_near_duplicates("d", thumbnails, leak)
    assert near_duplicates(thumbnails, [*rows, row("copy", "copy", "train")]) == []


@needs_real_data("hc18_fetal_head/images")
def test_real_images_of_one_examination_are_found_and_others_not() -> None:
    names = ["720_HC", "720_2HC", *(p.stem for p in sorted(HC18.glob("*_HC.png"))[:20])]
    thumbnails = {name: thumbnail(read_picture(HC18 / f"{name}.png")) for name in names}
    rows = [row(n, n, "train" if k % 2 else "test") for k, n in enumerate(thumbnails)]
    assert near_duplicates(thumbnails, rows) == [("720_HC", "720_2HC")]


def cases(count: int, **facts: str) -> list[Case]:
    return [Case(case=f"c{k}", subject=f"s{k // 2}", facts=facts) for k in range(count)]


@given(st.integers(1, 60), st.integers(0, 9))
def test_a_rule_places_a_subject_whatever_others_are_there(count: int, seed: int) -> None:
    rule = SplitRule(seed=seed, shares={"pretrain": 0.5, "train": 0.3, "val": 0.1, "test": 0.1})
    whole = {row.case: row for row in split_by_rule(rule, cases(60))}
    part = split_by_rule(rule, cases(count))
    assert all(whole[row.case] == row for row in part)
    check_groups("d", part)


def test_a_rule_keeps_its_shares() -> None:
    rows = split_by_rule(SplitRule(), cases(4000))
    found = {name: sum(row.subset == name for row in rows) / 4000 for name in ("train", "test")}
    assert found == pytest.approx({"train": 0.6, "test": 0.2}, abs=0.03)


def test_an_official_split_is_followed() -> None:
    rule = SplitRule(fact="part", values={"training": "train_val", "testing": "test"})
    assert {row.subset for row in split_by_rule(rule, cases(9, part="testing"))} == {"test"}
    assert {row.subset for row in split_by_rule(rule, cases(90, part="training"))} == {
        "train", "val",
    }  # fmt: skip
    with pytest.raises(SplitError, match="part is 'hidden'; the card's split knows training"):
        split_by_rule(rule, cases(1, part="hidden"))


LEGACY = "2bb44744e8aab59b3569d349888cdf50e1ede0bc9bda7be951c7d10fc6ff9e32"


@given(st.integers(5, 40), st.integers(3, 5))
def test_each_subject_is_tested_in_one_fold_and_validated_in_another(count: int, of: int) -> None:
    rows = [SplitRow(f"c{k}", f"s{k // 2}", "train") for k in range(2 * count)]
    rows.append(SplitRow("reserved", "x", "pretrain"))
    tested, watched = [], []
    for number in range(1, of + 1):
        fold = split_in_folds(rows, number, of)
        check_groups("x", fold)
        assert [(r.case, r.subject) for r in fold] == [(r.case, r.subject) for r in rows]
        assert fold[-1].subset == "pretrain"
        tested.append({r.subject for r in fold if r.subset == "test"})
        watched.append({r.subject for r in fold if r.subset == "val"})
        assert len(tested[-1]) in (count // of, count // of + 1)
    assert sum(map(len, tested)) == len(set.union(*tested)) == count
    assert watched == tested[1:] + tested[:1]


def test_too_few_subjects_for_the_folds_are_refused() -> None:
    with pytest.raises(SplitError, match="1 subjects cannot fall into 5 folds"):
        split_in_folds([SplitRow("a", "s", "train"), SplitRow("b", "s", "test")], 1, 5)


def test_a_target_with_a_fold_has_a_split_of_its_own(tmp_path: Path) -> None:
    registry = Registry.load(content_roots())
    plain = registry.target("phantom_lung_ribs_64")
    assert "fold" not in plain.model_dump()
    folds = [
        resolve_target(
            Workspace(registry, tmp_path), plain.model_copy(update={"fold": Fold(number=k, of=5)})
        )
        for k in (1, 2)
    ]
    assert (
        len(
            {
                one.split_fingerprint
                for one in (*folds, resolve_target(Workspace(registry, tmp_path), plain))
            }
        )
        == 3
    )
    assert not set(folds[0].names("test")) & set(folds[1].names("test"))
    assert folds[0].names("val") == folds[1].names("test")


def test_a_cross_validated_target_tests_every_subject_once(tmp_path: Path) -> None:
    registry = Registry.load(content_roots())
    plain = registry.target("phantom_lung_ribs_64")
    assert "folds" not in plain.model_dump()
    target = plain.model_copy(update={"folds": 5})
    dataset = resolve_target(Workspace(registry, tmp_path), target)
    folds = dataset.folds(target)
    tested = [name for fold in folds for name in fold.names("test")]
    assert sorted(tested) == sorted(dataset.names("test")) == sorted(dataset.cases)
    for number, fold in enumerate(folds, start=1):
        assert fold.rows == split_in_folds(dataset.rows, number, 5)
    assert dataset.folds(plain) == (dataset,)


def test_a_target_has_one_fold_or_all(tmp_path: Path) -> None:
    plain = Registry.load(content_roots()).target("phantom_lung_ribs_64").model_dump()
    with pytest.raises(ValidationError, match="either fold"):
        TargetCard.model_validate(plain | {"fold": {"number": 1, "of": 3}, "folds": 3})


def test_the_published_split_of_hc18_is_the_published_one() -> None:
    rule = Registry.load(content_roots()).dataset("hc18_legacy").split
    assert rule is not None
    names = rule.listed["test"]
    assert hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest() == LEGACY
    cases = [Case(case=name, subject=name) for name in ("010_2HC", "010_HC", "801_HC")]
    subsets = [row.subset for row in split_by_rule(rule, cases)]
    assert len(names) == 200 and subsets == ["test", "train", "test"]


def test_a_leaking_split_is_for_legacy_boards_only(tmp_path: Path) -> None:
    cards = Registry.load(content_roots())
    card = cards.dataset("phantom_fetal_head_64")
    leak = card.model_copy(update={"legacy_split": "two frames of one person"})
    told = replace(cards, datasets={**cards.datasets, card.id: leak})
    with pytest.raises(SplitError, match="two frames of one person; only a board marked `legacy"):
        resolve_dataset(Workspace(told, tmp_path), card.id)
    assert resolve_dataset(Workspace(told, tmp_path), card.id, legacy=True).rows


def test_sources_that_take_part_with_some_strategies_only(tmp_path: Path) -> None:
    cards = Registry.load(content_roots())
    board = cards.board("tiny_v2")
    both = {**board.strategies, "head": Strategy(train=("head",), freeze_norm_stats=True)}
    some = board.model_copy(update={"strategies": both, "strategies_of": {"scratch": ("full",)}})
    cells = plan(Workspace(cards, tmp_path), some, GridSelection(sources=("scratch",)))
    assert {cell.cell.strategy for cell in cells} == {"full"}
