"""Pictures as files come: the stored values, or one line; never other values in silence."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.data.readers.images import read_picture
from benchmark.errors import DataError

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
DEEP = (np.arange(48).reshape(6, 8) * 1000).astype(np.uint16)


def saved(path: Path, values: np.ndarray, mode: str | None = None, **how: Any) -> Path:
    if mode and mode.startswith("I;16"):
        kind = ">u2" if mode == "I;16B" else "<u2"
        image = Image.frombytes(mode, values.shape[::-1], values.astype(kind).tobytes())
    else:
        image = Image.fromarray(values)
        image = image.convert(mode) if mode else image
    image.save(path, **how)
    return path


@pytest.mark.parametrize("name", ["p.png", "p.tif", "p.bmp", "p.pgm", "p.gif"])
def test_grey_values_are_those_stored(name: str, tmp_path: Path) -> None:
    assert np.array_equal(read_picture(saved(tmp_path / name, GREY)), GREY)


@pytest.mark.parametrize(("mode", "order"), [("I;16B", b"MM"), ("I;16", b"II")])
def test_16_bits_in_either_byte_order(mode: str, order: bytes, tmp_path: Path) -> None:
    path = saved(tmp_path / "p.tif", DEEP, mode)
    assert path.read_bytes()[:2] == order
    assert np.array_equal(read_picture(path), DEEP)
    assert np.array_equal(read_picture(saved(tmp_path / "p.png", DEEP, "I;16")), DEEP)


def test_equal_channels_are_grey_and_opaque_ones_colour(tmp_path: Path) -> None:
    assert np.array_equal(read_picture(saved(tmp_path / "p.png", GREY, "RGBA")), GREY)
    colour = np.stack([GREY, GREY + 1, GREY + 2], -1)
    assert np.array_equal(read_picture(saved(tmp_path / "c.png", colour, "RGBA")), colour)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_masks_of_few_bits_keep_their_values(bits: int, tmp_path: Path) -> None:
    """Pillow scales grey of 2 and 4 bits to 0 ... 255, which is no label."""
    stored = GREY % 2**bits
    image = Image.fromarray(stored).convert("P")
    image.save(tmp_path / "palette.png", bits=bits)
    assert np.array_equal(read_picture(tmp_path / "palette.png", indices=True), stored)
    packed = [np.packbits(np.unpackbits(row[:, None], axis=1)[:, -bits:]) for row in stored]
    write_png(tmp_path / "grey.png", packed, (8, 6), bits)
    assert np.array_equal(read_picture(tmp_path / "grey.png", indices=True), stored)
    factor = 1 if bits == 1 else 255 // (2**bits - 1)
    assert np.array_equal(read_picture(tmp_path / "grey.png"), stored * factor)


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_a_mask_with_a_negative_palette_of_greys_is_refused(ending: str, tmp_path: Path) -> None:
    """Every viewer shows its background, number 1, as black, and the structure, 0, as white."""
    path = tmp_path / f"mask.{ending}"
    image = Image.fromarray((GREY > 20).astype(np.uint8), "P")
    for colours, negative in (
        ([255, 255, 255, 0, 0, 0], True),
        ([0, 0, 0, 255, 255, 255], False),
        ([0, 0, 255, 200, 0, 0], False),
    ):
        image.putpalette(colours)
        image.save(path)
        if negative:
            with pytest.raises(DataError, match="in its palette low numbers are light"):
                read_picture(path, indices=True)
            assert np.array_equal(read_picture(path), np.where(GREY > 20, 0, 255))
        else:
            assert np.array_equal(read_picture(path, indices=True), GREY > 20)


def write_png(path: Path, rows: list[np.ndarray], size: tuple[int, int], bits: int) -> None:
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", *size, bits, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_picture(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("turned", [3, 6])
@pytest.mark.parametrize("name", ["p.jpg", "p.png", "p.tif"])
def test_an_orientation_is_refused(name: str, turned: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    text = refusal(saved(tmp_path / name, GREY, exif=exif))
    assert f"EXIF orientation is {turned}" in text and "save it upright" in text
    exif[0x0112] = 1
    assert read_picture(saved(tmp_path / name, GREY, exif=exif)).shape == (6, 8)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float, tmp_path: Path) -> None:
    values = GREY.astype(np.float32)
    assert np.array_equal(read_picture(saved(tmp_path / "p.tif", values)), GREY)
    values[0, :3] = bad
    assert "3 pixels are NaN or infinite" in refusal(saved(tmp_path / "p.tif", values))


def test_several_frames_are_refused(tmp_path: Path) -> None:
    pages = [Image.fromarray(GREY), Image.fromarray(GREY + 1)]
    for name in ("p.tif", "p.gif", "p.png"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
        assert "holds 2 frames or pages" in refusal(tmp_path / name)


def test_what_has_no_certain_grey_values_is_refused(tmp_path: Path) -> None:
    clear = Image.fromarray(GREY).convert("RGBA")
    clear.putpixel((0, 0), (1, 2, 3, 0))
    clear.save(tmp_path / "clear.png")
    assert "partly transparent" in refusal(tmp_path / "clear.png")
    assert "colours are CMYK" in refusal(saved(tmp_path / "c.jpg", GREY, "CMYK"))
    rows = [np.arange(24, dtype=">u2") * 1000] * 6
    write_png(tmp_path / "deep.png", rows, (8, 6), 16)
    data = bytearray((tmp_path / "deep.png").read_bytes())
    data[25] = 2  # colour type RGB
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "deep.png").write_bytes(data)
    assert "more than 8 bits and would be cut" in refusal(tmp_path / "deep.png")
    (tmp_path / "twelve.pgm").write_bytes(b"P5 8 6 4095\n" + DEEP.astype(">u2").tobytes())
    assert "would be cut" in refusal(tmp_path / "twelve.pgm")
    white = saved(tmp_path / "white.tif", DEEP, "I;16", tiffinfo={262: 0})
    assert "low values are white" in refusal(white)


def test_a_small_file_cannot_declare_a_huge_picture(tmp_path: Path) -> None:
    write_png(tmp_path / "p.png", [np.zeros(1, np.uint8)], (12_000, 8_000), 8)
    assert "12000 x 8000 pixels in" in refusal(tmp_path / "p.png")
    plain = np.zeros((3000, 3000), bool)  # few bytes for many pixels, and sound
    assert read_picture(saved(tmp_path / "m.png", plain)).shape == plain.shape


@pytest.mark.parametrize("name", ["p.mha", "p.nrrd", "p.MGZ"])
def test_volumes_of_other_formats_are_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert "convert it to NIfTI" in refusal(tmp_path / name)
