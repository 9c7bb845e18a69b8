"""A picture is a PNG whose pixels are the colours of its numbers."""

import base64
import struct
import zlib

import numpy as np

from dashboards.palette import LIGHT
from dashboards.pictures import png_uri


def decoded(uri: str) -> np.ndarray:
    """Read an 8-bit picture with a palette and unfiltered rows, checking every chunk."""
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        (check,) = struct.unpack(">I", content[place + 8 + length : place + 12 + length])
        assert check == zlib.crc32(kind + body)
        chunks[kind], place = body, place + 12 + length
    width, height, depth, colour_type = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour_type) == (8, 3)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert (rows[:, 0] == 0).all()
    colours = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    return colours[rows[:, 1:]]


def test_signs_have_their_colours_and_zero_is_blank() -> None:
    values = np.array([[0.5, -0.5, 0.0], [9.0, -9.0, np.nan]], np.float32)
    pixels = decoded(png_uri(values, 0.5, LIGHT))
    written = [["#" + bytes(pixel).hex() for pixel in row] for row in pixels]
    assert written == [
        [LIGHT.accent, LIGHT.second, LIGHT.surface],
        [LIGHT.accent, LIGHT.second, LIGHT.line],
    ]


def test_half_the_strength_is_half_way_to_the_full_colour() -> None:
    (pixel,) = decoded(png_uri(np.array([[0.5]], np.float32), 1.0, LIGHT))[0]
    full = np.array([int(LIGHT.accent[i : i + 2], 16) for i in (1, 3, 5)])
    np.testing.assert_allclose(pixel, (255 + full) / 2, atol=1.5)
