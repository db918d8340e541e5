"""Mask pictures and the slices that they belong to, by names as archives have them."""

from pathlib import Path

import pytest

from benchmark.data.layouts.slice_pairs import pair_slices
from benchmark.errors import DataError


def files(*names: str) -> list[Path]:
    return sorted(Path(name) for name in names)


@pytest.mark.parametrize("mask", ["m_{:02d}.png", "m_{}.png", "liver_{:03d}.png"])
@pytest.mark.parametrize("image", ["{}.dcm", "i{:04d},0000b.dcm", "ct/IM-{}.dcm"])
@pytest.mark.parametrize("offset", [0, 1])
def test_numbers_pair_however_they_are_padded(image: str, mask: str, offset: int) -> None:
    """Text order puts 10 before 2: every mask but three would lie on another slice."""
    slices = files(*(image.format(n) for n in range(1, 13)))
    masks = files(*(mask.format(n - offset) for n in range(1, 13)))
    expected = {Path(mask.format(n - offset)): Path(image.format(n)) for n in range(1, 13)}
    assert pair_slices(masks, slices) == expected


def test_equal_names_pair_whatever_they_are() -> None:
    slices = files("1.2.840.77.dcm", "1.2.840.9.dcm", "x.dcm")
    masks = files("m/x.png", "m/1.2.840.9.png", "m/1.2.840.77.png")
    assert pair_slices(masks, slices) == {mask: Path(f"{mask.stem}.dcm") for mask in masks}


def test_gaps_in_both_are_kept_and_equal_steps_are_enough() -> None:
    pairs = pair_slices(files("m1.png", "m2.png", "m9.png"), files("2.dcm", "3.dcm", "10.dcm"))
    assert pairs[Path("m9.png")] == Path("10.dcm")
    pairs = pair_slices(files("m1.png", "m2.png", "m3.png"), files("2.dcm", "4.dcm", "6.dcm"))
    assert pairs[Path("m3.png")] == Path("6.dcm")


@pytest.mark.parametrize(
    ("masks", "slices"),
    [
        (("m1", "m2", "m3"), ("1", "2", "9")),  # one slice has no mask, or another number
        (("m1", "m2", "m3"), ("1.2.7.5", "1.2.8.1", "1.2.8.4")),  # names of a PACS
        (("a", "b", "c"), ("1", "2", "3")),
        (("s1_1", "s1_2", "s2_1"), ("1", "2", "3")),
    ],
)
def test_names_that_do_not_tell_are_refused(
    masks: tuple[str, ...], slices: tuple[str, ...]
) -> None:
    with pytest.raises(DataError, match="do not tell which belong together"):
        pair_slices(files(*(f"{m}.png" for m in masks)), files(*(f"{s}.dcm" for s in slices)))
