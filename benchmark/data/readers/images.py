"""Reading pictures (PNG, JPEG, TIFF); every fault is one line."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from benchmark.errors import DataError


def read_picture(path: Path, *, indices: bool = False) -> npt.NDArray[np.float32]:
    """A picture as (H, W), or (H, W, 3) where its channels differ.

    Args:
        path: PNG, JPEG, TIFF or another format of Pillow.
        indices: Read the numbers of a palette picture, not its colours, as masks need it.

    Raises:
        DataError: The file is missing, truncated, or not a picture.
    """
    try:
        with Image.open(path) as picture:
            grey = picture.mode in ("L", "F", "I", "I;16", "1", *(["P"] if indices else []))
            pixels = np.asarray(picture if grey else picture.convert("RGB"), np.float32)
    except FileNotFoundError:
        raise DataError(f"{path}: no such image") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path}: damaged or not a picture ({error}); get the file again") from None
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels
