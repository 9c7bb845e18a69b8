"""Writes a grid of signed numbers as a PNG picture in two colours around a neutral one.

Portable Network Graphics (ISO/IEC 15948): one byte a pixel, an index into a palette.
"""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from dashboards.palette import Palette

_STEPS = 127


def png_uri(values: NDArray[np.float32], limit: float, palette: Palette) -> str:
    """Return a picture as a ``data:`` address, one pixel a number.

    Args:
        values: [height, width]; NaN is what lies between pictures.
        limit: magnitude that is drawn in full colour, > 0; beyond it nothing gets stronger.
        palette: its accent is positive, its second colour negative, its surface zero.
    """
    level = np.clip(np.round(_STEPS * np.nan_to_num(values) / limit), -_STEPS, _STEPS)
    index = np.where(np.isnan(values), 0, level + _STEPS + 1).astype(np.uint8)
    height, width = index.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), index], axis=1)  # filter type 0
    content = b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", _colours(palette).tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _colours(palette: Palette) -> NDArray[np.uint8]:
    """Return the colours of the gap and of all levels, [1 + levels, 3]."""
    gap, negative, zero, positive = (
        np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)], float)
        for colour in (palette.line, palette.second, palette.surface, palette.accent)
    )
    strength = np.arange(-_STEPS, _STEPS + 1)[:, None] / _STEPS
    full = np.where(strength < 0, negative, positive)
    levels = zero + np.abs(strength) * (full - zero)
    return np.vstack([gap, levels]).round().astype(np.uint8)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
