"""Reading pictures; only what is known to be read rightly is admitted, every fault is one line."""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.ImageFile import ImageFile

from benchmark.errors import DataError
from benchmark.reading import reading

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM", "WEBP")
GREY = ("1", "L", "I", "I;16", "I;16L", "I;16B", "F")
COLOUR = ("RGB", "P", "LA", "PA", "RGBA")
MAX_PIXELS = 100_000_000
Image.MAX_IMAGE_PIXELS = None  # `_not_admitted` refuses too many before any is decoded
MAX_PIXELS_PER_BYTE, SMALL = 10_000, 4_000_000  # deflate packs 8200 pixels of one bit into a byte
ORIENTATION, PHOTOMETRIC, SAMPLE_FORMAT = 0x0112, 262, 339  # tags of EXIF and TIFF
OTHER_VOLUMES = (".mha", ".mhd", ".nrrd", ".nhdr", ".mgz", ".mgh", ".mnc", ".dcm")
SCALED_BITS = re.compile(r"L;([24])")  # Pillow scales such grey values to 0 ... 255


def read_picture(path: Path, *, indices: bool = False) -> npt.NDArray[np.float32]:
    """A picture as (H, W), or (H, W, 3) where its channels differ.

    Args:
        path: PNG, JPEG, TIFF, BMP, GIF, PPM or WebP; one frame, stored upright.
        indices: Read the numbers of a palette picture, not its colours, and grey values of 2 or 4
            bits as they are stored, not scaled to 0 ... 255, as masks need it.

    Raises:
        DataError: The file is missing, truncated, not a picture, or one of which the pixels that
            other programs show are not certain: several frames, an EXIF orientation, transparency,
            more bits than can be read, values that are not finite.
    """
    if path.name.lower().endswith(OTHER_VOLUMES):
        raise DataError(
            f"{path}: a volume in a format that is not read here; convert it to NIfTI (.nii.gz), "
            "for example with SimpleITK or dcm2niix"
        )
    kind = f"a picture ({', '.join(FORMATS)})"
    with reading(path, kind, DataError), Image.open(path, formats=FORMATS) as picture:
        stored_as = _raw_mode(picture)
        if reason := _not_admitted(path, picture, stored_as):
            raise DataError(f"{path}: {reason}")
        pixels = _pixels(path, picture, indices)
    if indices and (bits := SCALED_BITS.match(stored_as)):
        pixels //= 85 if bits[1] == "2" else 17
    if not np.isfinite(pixels).all():
        bad = int((~np.isfinite(pixels)).sum())
        raise DataError(f"{path}: {bad} pixels are NaN or infinite; write numbers in their place")
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def is_lossy(path: Path) -> bool:
    """Whether a file is a picture in a format that changes values, whatever its name ends with."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[:2] == b"\xff\xd8" or (start[:4], start[8:]) == (b"RIFF", b"WEBP")


def _not_admitted(path: Path, picture: ImageFile, stored_as: str) -> str:
    """Why the pixels would not be certain, and what to do; empty if they are."""
    count, stored = picture.width * picture.height, path.stat().st_size
    if count > MAX_PIXELS or count > max(SMALL, MAX_PIXELS_PER_BYTE * stored):
        return f"{picture.width} x {picture.height} pixels in {stored} bytes; make it smaller"
    if (frames := getattr(picture, "n_frames", 1)) > 1:
        return f"holds {frames} frames or pages; save each as a picture of its own"
    if (turned := picture.getexif().get(ORIENTATION, 1)) not in (0, 1):
        return (
            f"its EXIF orientation is {turned}, so viewers turn it, and its mask may be drawn on "
            "either; save it upright, without that tag"
        )
    if picture.mode not in (*GREY, *COLOUR):
        return f"its colours are {picture.mode}; save it as grey or RGB"
    scaled = picture.format == "PPM" and any(tile[0] == "ppm" for tile in picture.tile)
    if scaled or (";16" in stored_as and picture.mode in COLOUR):
        return (
            "its colours or grey values have more than 8 bits and would be cut; save it as 16-bit "
            "grey (PNG or TIFF) or 8-bit RGB"
        )
    tags = getattr(picture, "tag_v2", {})
    if tags.get(PHOTOMETRIC) == 0 and picture.mode not in ("1", "L"):
        return "its low values are white (TIFF photometric 0); save it with low values black"
    if picture.mode == "L" and 2 in np.atleast_1d(tags.get(SAMPLE_FORMAT, 1)):
        return "its values are signed bytes; save it as 16-bit grey"
    return ""


def _raw_mode(picture: ImageFile) -> str:
    """How the file stores a pixel, in Pillow's notation (`RGB;16B`); empty if it is not stated."""
    for tile in picture.tile:
        arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        return next((str(a) for a in arguments if isinstance(a, str)), "")
    return ""


def _pixels(path: Path, picture: ImageFile, indices: bool) -> npt.NDArray[np.float32]:
    if indices and picture.mode == "P" and _is_negative(picture):
        raise DataError(
            f"{path}: in its palette low numbers are light, so the numbers are not the grey values "
            "that viewers show; save it as grey"
        )
    if picture.mode in GREY or (indices and picture.mode == "P"):
        return np.asarray(picture, np.float32)
    if picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info:
        if picture.convert("RGBA").getchannel("A").getextrema() != (255, 255):
            raise DataError(f"{path}: is partly transparent; save it without transparency")
    return np.asarray(picture.convert("RGB"), np.float32)


def _is_negative(picture: ImageFile) -> bool:
    """Whether the lowest number of a palette of greys that occurs is not the darkest of them."""
    colours = np.array(picture.getpalette("RGB"), np.int64).reshape(-1, 3)
    used = np.unique(np.asarray(picture))
    shown = colours[used[used < len(colours)]]
    return bool((shown == shown[:, :1]).all() and (shown[:1, 0] > shown[:, 0]).any())
