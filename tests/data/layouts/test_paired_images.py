"""Pictures with masks: tables, labels with files of their own, outlines, and faults."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from support.layouts import card, fault, picture

from benchmark.cards.dataset import DatasetCard
from benchmark.data.layouts.registry import find_cases, load_case
from benchmark.errors import DataError

PAIRED = {
    "kind": "paired_images",
    "images": r"i/(?P<case>(?P<subject>\d+)_\w+)\.png",
    "masks": ["m/{case}*.png"],
}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    picture(tmp_path / "i/007_a.png", np.full((6, 8), 9))
    picture(tmp_path / "m/007_a.png", np.eye(6, 8))
    return tmp_path


def test_paired_images_with_a_table(pair: Path) -> None:
    (pair / "t.csv").write_text("name,exam,mm\n007_a.png,e7,0.25\n")
    table = {
        "file": "t.csv", "key": "name", "match": "{case}.png",
        "columns": {"exam": "exam", "spacing_mm": "mm"},
    }  # fmt: skip
    found = card({**PAIRED, "table": table}, group_by="exam")
    (case,) = find_cases(found, pair)
    loaded = load_case(found, case)
    assert (case.case, case.subject) == ("007_a", "e7")
    assert loaded.spacing_mm == (0.25, 0.25) and loaded.image.shape == (6, 8)
    assert loaded.mask.sum() == 6


def test_several_masks_are_ored(pair: Path) -> None:
    picture(pair / "m/007_a_2.png", np.eye(6, 8)[::-1])
    (case,) = find_cases(card(PAIRED), pair)
    assert load_case(card(PAIRED), case).mask.sum() == 12


def test_a_label_can_have_files_of_its_own(pair: Path) -> None:
    picture(pair / "m/007_a_liver.png", 255 * np.eye(6, 8)[::-1])
    found = card(
        {**PAIRED, "masks": {"a": ["m/{case}.png"], "liver": ["m/{case}_liver.png"]}},
        labels={"a": 1, "liver": 2},
    )
    (case,) = find_cases(found, pair)
    assert np.bincount(load_case(found, case).mask.ravel()).tolist() == [36, 6, 6]
    (pair / "m/007_a_liver.png").unlink()
    with pytest.raises(DataError, match="its mask m/007_a_liver.png is missing"):
        find_cases(found, pair)


def test_a_data_set_without_masks(pair: Path) -> None:
    found = card({**PAIRED, "masks": []}, labels={})
    (case,) = find_cases(found, pair)
    assert not load_case(found, case).mask.any()


def test_an_outline_is_filled_and_an_open_one_refused(pair: Path) -> None:
    ring = np.zeros((6, 8))
    ring[1:5, 1:7] = 1
    ring[2:4, 2:6] = 0
    filled = card({**PAIRED, "fill_outline": True})
    picture(pair / "m/007_a.png", ring)
    (case,) = find_cases(filled, pair)
    assert load_case(filled, case).mask.sum() == 24
    ring[1, 3] = 0
    picture(pair / "m/007_a.png", ring)
    with pytest.raises(DataError, match="not closed"):
        load_case(filled, case)


def test_a_case_named_by_a_template_can_be_its_own_group(pair: Path) -> None:
    layout = {
        "kind": "paired_images", "images": r"(?P<kind>i)/(?P<number>\d+)_a\.png",
        "case": "{kind}{number}",
    }  # fmt: skip
    (case,) = find_cases(card(layout, group_by="case", labels={}), pair)
    assert case.case == case.subject == "i007"


def test_names_of_one_person_become_one(pair: Path) -> None:
    (case,) = find_cases(card(PAIRED, same_subject=[["003", "007"]]), pair)
    assert case.subject == "003"


def test_faults_of_pictures(pair: Path) -> None:
    picture(pair / "m/007_a.png", 7 * np.eye(6, 8))
    assert "mask holds [7], the card of d knows [0, 1]" in fault(pair, PAIRED)
    picture(pair / "m/007_a.png", np.eye(8, 8))
    assert "size (8, 8), but its image's is (6, 8)" in fault(pair, PAIRED)
    (pair / "m/007_a.png").unlink()
    assert "is missing" in fault(pair, PAIRED)
    picture(pair / "m/007_a.png", np.eye(6, 8))
    whole = (pair / "i/007_a.png").read_bytes()
    (pair / "i/007_a.png").write_bytes(whole[: len(whole) // 2])
    assert "007_a.png: damaged or not a picture" in fault(pair, PAIRED)
    (pair / "i/007_a.png").write_text("no picture")
    assert "damaged or not a picture" in fault(pair, PAIRED)
    (pair / "i/007_a.png").unlink()
    assert "no file matches" in fault(pair, PAIRED) and "m/007_a.png" in fault(pair, PAIRED)
    assert "no such folder" in fault(pair / "nowhere", PAIRED)


def test_names_with_brackets_and_commas(tmp_path: Path) -> None:
    for name in ("scan [01]", "knee, left"):
        picture(tmp_path / f"i/{name}.png", np.full((6, 8), 9))
        picture(tmp_path / f"m/{name}.png", np.eye(6, 8))
    layout = {**PAIRED, "images": r"i/(?P<case>(?P<subject>[^/]+))\.png"}
    cases = find_cases(card(layout), tmp_path)
    assert [case.masks[0].path.name for case in cases] == ["knee, left.png", "scan [01].png"]


def test_names_that_differ_in_case_only(tmp_path: Path) -> None:
    for name in ("P1_a", "p1_b"):
        picture(tmp_path / f"i/{name}.png", np.full((6, 8), 9))
        picture(tmp_path / f"m/{name}.png", np.eye(6, 8))
    layout = {**PAIRED, "images": r"i/(?P<case>(?P<subject>\w+)_\w)\.png"}
    assert "the subjects 'P1' and 'p1' differ in case only" in fault(tmp_path, layout)
    merged = find_cases(card(layout, same_subject=[["P1", "p1"]]), tmp_path)
    assert [case.subject for case in merged] == ["P1", "P1"]
    for folder in ("i", "m"):
        (tmp_path / f"{folder}/p1_b.png").rename(tmp_path / f"{folder}/p1_a.png")
    assert "the cases 'P1_a' and 'p1_a' differ in case only" in fault(tmp_path, layout)


def test_a_template_that_asks_for_an_optional_group(pair: Path) -> None:
    layout = {**PAIRED, "images": r"i/(?P<case>(?P<subject>\d+)_a)(?P<session>_s)?\.png"}
    text = fault(pair, {**layout, "masks": ["m/{case}{session}.png"]})
    assert "i/007_a.png: its name has no 'session'" in text


def test_masks_stay_below_the_folder(pair: Path) -> None:
    inner = pair / "i"
    layout = {**PAIRED, "images": r"(?P<case>(?P<subject>\d+)_a)\.png"}
    assert "is outside" in fault(inner, {**layout, "masks": ["{folder}/../m/{case}.png"]})
    layout = {**PAIRED, "masks": ["{folder}/../m/{case}.png"]}
    assert len(find_cases(card(layout), pair)) == 1


def test_masks_of_jpeg_need_a_threshold(pair: Path) -> None:
    values = np.zeros((32, 32), np.uint8)
    values[13:21, 9:17] = 255
    picture(pair / "i/007_a.png", np.full((32, 32), 9))
    Image.fromarray(values).save(pair / "m/007_a.jpg", quality=75)
    layout = {**PAIRED, "masks": ["m/{case}.jpg"]}
    assert "JPEG changes values: give the layout a `threshold`" in fault(pair, layout)
    found = card({**layout, "threshold": 128})
    (case,) = find_cases(found, pair)
    assert load_case(found, case).mask.sum() == 64


def test_jpeg_masks_of_two_labels(pair: Path) -> None:
    values = np.zeros((2, 32, 32), np.uint8)
    values[0, 13:21, 9:17] = values[1, 2:6, 3:7] = 255
    picture(pair / "i/007_a.png", np.full((32, 32), 9))
    for name, mask in zip("ab", values, strict=True):  # JPEG under another ending
        Image.fromarray(mask).save(pair / f"m/{name}.png", "JPEG", quality=75)
    layout = {**PAIRED, "masks": {"a": ["m/a.png"], "b": ["m/b.png"]}}
    with pytest.raises(DataError, match=r"m/a.png: holds many values .* give .* a `threshold`"):
        load_first(card(layout, labels={"a": 1, "b": 2}), pair)
    mask = load_first(card({**layout, "threshold": 128}, labels={"a": 1, "b": 2}), pair)
    assert np.array_equal(mask, (values / 255 * [[[1]], [[2]]]).sum(axis=0))


@pytest.mark.parametrize(
    ("above", "taken"), [([255], 1), ([1, 2, 3], 3), ([7, 128, 255], 0), ([1, 2, 4], 0)]
)
def test_a_picture_of_one_label_has_one_value_or_counts(
    above: list[int], taken: int, pair: Path
) -> None:
    """Numbered lesions are one label; soft edges would make the structure larger than it is."""
    values = np.zeros((6, 8))
    values[2, : len(above)] = above
    picture(pair / "m/007_a.png", values)
    layout = {**PAIRED, "masks": {"a": ["m/{case}.png"]}}
    if taken:
        assert load_first(card(layout, labels={"a": 5}), pair).sum() == 5 * taken
        return
    with pytest.raises(DataError, match=f"many values above 0 .{above[0]} to {above[-1]}.*, as so"):
        load_first(card(layout, labels={"a": 5}), pair)
    whole = load_first(card({**layout, "threshold": 1}, labels={"a": 5}), pair)
    assert whole.sum() == 5 * len(above)


def load_first(found: DatasetCard, root: Path) -> npt.NDArray[np.uint8]:
    return load_case(found, find_cases(found, root)[0]).mask


def pairs(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        picture(root / f"i/{name}.png", np.full((6, 8), number))
        picture(root / f"m/{name}.png", np.eye(6, 8))


NAMED = {**PAIRED, "images": r"i/(?P<case>(?P<subject>.+))\.png", "masks": ["m/{case}.png"]}


def test_a_wildcard_that_matches_masks_of_other_cases(tmp_path: Path) -> None:
    pairs(tmp_path, "p1", "p10")
    text = fault(tmp_path, {**NAMED, "masks": ["m/{case}*.png"]})
    assert "m/p10.png: a mask of 'p1' and of 'p10'" in text and "wildcard" in text
    assert len(find_cases(card({**NAMED, "masks": ["m/p1.png"]}), tmp_path)) == 2


def test_official_lists(tmp_path: Path) -> None:
    pairs(tmp_path, "scan 1", "scan 2", "scan 3")
    for name, text in {"a": "scan 1\r\n\n", "b": " scan 2"}.items():
        (tmp_path / f"{name}.txt").write_text(text)
    layout = {**NAMED, "lists": {"train": "a.txt", "test": "b.txt"}}
    cases = find_cases(card(layout), tmp_path)
    assert [(case.case, case.facts["list"]) for case in cases] == [
        ("scan 1", "train"), ("scan 2", "test"),
    ]  # fmt: skip
    (tmp_path / "b.txt").write_text("scan 2\nscan 1\n")
    assert "b.txt: case 'scan 1' is in the list 'train' too" in fault(tmp_path, layout)
    (tmp_path / "b.txt").write_text("Scan 3\n")
    assert "an official list and a file: 'scan 3' and 'Scan 3' differ" in fault(tmp_path, layout)
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("scan 1.png\n")
    assert "name none of them (first: 'scan 1.png')" in fault(
        tmp_path, {**layout, "lists": {"train": "a.txt"}}
    )


def test_rows_of_a_table_that_contradict_each_other(pair: Path) -> None:
    (pair / "t.csv").write_text("name,mm\n007_a,0.1\n007_a,0.1\n")
    table = {"file": "t.csv", "key": "name", "match": "{case}", "columns": {"spacing_mm": "mm"}}
    found = card({**PAIRED, "table": table})
    assert load_case(found, find_cases(found, pair)[0]).spacing_mm == (0.1, 0.1)
    (pair / "t.csv").write_text("name,mm\n007_a,0.1\n007_a,0.5\n")
    assert "t.csv: two rows with name '007_a'" in fault(pair, {**PAIRED, "table": table})


def test_folders_that_are_links(tmp_path: Path) -> None:
    pairs(tmp_path / "disk", "p1")
    (tmp_path / "data").mkdir()
    for name in "im":
        (tmp_path / "data" / name).symlink_to(tmp_path / "disk" / name)
    (tmp_path / "data/i/above").symlink_to(tmp_path / "data")
    (case,) = find_cases(card(NAMED), tmp_path / "data")
    assert load_case(card(NAMED), case).mask.sum() == 6
    (tmp_path / "disk/i/p1.png").unlink()
    (tmp_path / "disk/i/p1.png").symlink_to("gone.png")
    assert "p1.png: a link to a file that is not here" in fault(tmp_path / "data", NAMED)


def test_a_case_that_was_not_fetched_is_not_left_out_in_silence(tmp_path: Path) -> None:
    pairs(tmp_path, "p1", "p2")
    (tmp_path / "i/notes.txt").symlink_to("gone")
    (tmp_path / "i/p3.png").symlink_to(".git/annex/objects/gone")
    assert "p3.png: a link to a file that is not here, or no file" in fault(tmp_path, NAMED)
    (tmp_path / "i/p3.png").unlink()
    os.mkfifo(tmp_path / "i/p3.png")
    assert "p3.png: a link to a file that is not here, or no file" in fault(tmp_path, NAMED)
    (tmp_path / "i/p3.png").unlink()
    assert len(find_cases(card(NAMED), tmp_path)) == 2


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    name = os.fsdecode(b"M\xfcller")
    pairs(tmp_path, name)
    assert r"M\udcfcller: a name that is not UTF-8; rename it" in fault(tmp_path, NAMED)


def test_names_with_control_characters(tmp_path: Path) -> None:
    pairs(tmp_path, "p\t1")
    assert r"the name 'p\t1' has a control character; rename it" in fault(tmp_path, NAMED)
