"""Pictures as PDF pages: the bytes of the file where PDF knows their form, and never with a loss where it does not."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from rag.read import image

A4 = (595.28, 841.89)
DPI = (50, 2400)
"""Resolutions that a file is believed to have."""
_POINTS = 72.0
_LONGEST = 14_400.0
"""Points; a PDF page may not be longer."""
_GRAY = ("L", "LA", "I", "I;16", "I;16B", "I;16L", "F")
_UPRIGHT = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""EXIF orientation to the matrix that sets a picture upright in the unit square."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A page with its picture; `scale` is its points a pixel, upright."""

    page: pikepdf.Page
    scale: float


def add_pictures(pdf: pikepdf.Pdf, path: Path, numbers: list[int], *, pixels: int) -> list[Placed]:
    """Appends the frames of a picture file, one page each, as large as their resolution says (A4 where it says nothing).

    Raises ParserLimit, DamagedFile.
    """
    placed = []
    with image.opened(path, pixels) as picture:
        for number in numbers:
            image.frame(picture, number, pixels)
            turned = image.orientation(picture)
            wide, high = picture.size if turned < 5 else picture.size[::-1]
            scale = _points_a_pixel(picture, wide, high)
            name = Name("/Scan")
            resources = Dictionary(XObject=Dictionary())
            resources.XObject[name] = pdf.make_indirect(_embedded(pdf, picture, path))
            width, height = wide * scale, high * scale
            a, b, c, d, e, f = _UPRIGHT.get(turned, _UPRIGHT[1])
            matrix = (a * width, b * height, c * width, d * height, e * width, f * height)
            shown = " ".join(f"{value:.4f}" for value in matrix)
            page = pdf.add_blank_page(page_size=(width, height))
            page.Resources = resources
            page.Contents = Stream(pdf, f"q {shown} cm {name} Do Q".encode())
            placed.append(Placed(page, scale))
    return placed


def _points_a_pixel(picture: Image.Image, wide: int, high: int) -> float:
    dpi = picture.info.get("dpi")
    found = float(dpi[0]) if isinstance(dpi, tuple) and dpi and dpi[0] else 0.0
    if DPI[0] <= found <= DPI[1]:
        scale = _POINTS / found
    else:
        paper = A4 if high >= wide else A4[::-1]
        scale = min(paper[0] / wide, paper[1] / high)
    return min(scale, _LONGEST / max(wide, high))


def _embedded(pdf: pikepdf.Pdf, picture: Image.Image, path: Path) -> Stream:
    """The frame as an image object."""
    if picture.format in ("JPEG", "MPO") and picture.mode in ("L", "RGB", "CMYK"):
        return _jpeg(pdf, picture, path)
    if picture.format == "PNG" and (found := _png(pdf, picture, path)) is not None:
        return found
    if picture.mode == "1":
        return _fax(pdf, picture)
    flat = image.flatten(picture, "L" if picture.mode in _GRAY else "RGB")
    return _object(pdf, flat.tobytes(), flat.size, Name.DeviceGray if flat.mode == "L" else Name.DeviceRGB)


def _object(pdf: pikepdf.Pdf, data: bytes, size: tuple[int, int], space: object, bits: int = 8) -> Stream:
    """Bytes without a filter; saving the PDF deflates them."""
    return Stream(
        pdf,
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size[0],
        Height=size[1],
        ColorSpace=space,
        BitsPerComponent=bits,
    )


def _jpeg(pdf: pikepdf.Pdf, picture: Image.Image, path: Path) -> Stream:
    spaces = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}
    found = _object(pdf, path.read_bytes(), picture.size, spaces[picture.mode])
    found.Filter = Name.DCTDecode
    if picture.mode == "CMYK" and "adobe" in picture.info:  # Adobe's programs write inks inverted
        found.Decode = Array([1, 0] * 4)
    return found


def _png(pdf: pikepdf.Pdf, picture: Image.Image, path: Path) -> Stream | None:
    """The file's own deflated rows, which PDF reads as they are; None for what it cannot (alpha, interlaced, animated)."""
    data = path.read_bytes()
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if kind not in (0, 2, 3) or interlaced or "transparency" in picture.info or (width, height) != picture.size:
        return None
    rows, palette, at = [], b"", 8
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        if name == b"IDAT":
            rows.append(data[at + 8 : at + 8 + length])
        elif name == b"PLTE":
            palette = data[at + 8 : at + 8 + length]
        elif name in (b"acTL", b"tRNS"):
            return None
        at += 12 + length
    space: object = Name.DeviceRGB if kind == 2 else Name.DeviceGray
    if kind == 3:
        space = Array([Name.Indexed, Name.DeviceRGB, len(palette) // 3 - 1, pikepdf.String(palette)])
    found = _object(pdf, b"".join(rows), picture.size, space, bits)
    found.Filter = Name.FlateDecode
    found.DecodeParms = Dictionary(Predictor=15, Colors=3 if kind == 2 else 1, BitsPerComponent=bits, Columns=width)
    return found


def _fax(pdf: pikepdf.Pdf, picture: Image.Image) -> Stream:
    """Black and white as fax group 4, the tightest form without loss that every viewer knows."""
    buffer = io.BytesIO()
    picture.save(buffer, "TIFF", compression="group4", tiffinfo={278: picture.height, 262: 0})
    with Image.open(buffer) as written:
        offsets, counts = written.tag_v2[273], written.tag_v2[279]  # type: ignore[attr-defined]
        white_is_zero = written.tag_v2[262] == 0  # type: ignore[attr-defined]
    if len(offsets) != 1:
        return _object(pdf, picture.tobytes(), picture.size, Name.DeviceGray, 1)
    strip = buffer.getvalue()[offsets[0] : offsets[0] + counts[0]]
    found = _object(pdf, strip, picture.size, Name.DeviceGray, 1)
    found.Filter = Name.CCITTFaxDecode
    found.DecodeParms = Dictionary(K=-1, Columns=picture.width, Rows=picture.height, BlackIs1=not white_is_zero)
    return found
