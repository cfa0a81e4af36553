"""A font for the invisible text of PDFs: any Unicode text can be set in it, found and copied.

Every character is half an em wide and one em high, on the baseline. A viewer needs a font to place, select and copy text;
one that is embedded and has one glyph behaves the same everywhere and costs a few hundred bytes.
"""

from __future__ import annotations

import struct

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

EM = 1000
WIDTH = 500
"""Of every character, in thousandths of an em."""
_GLYPH = 1
_MOST = 0xFFFE
_BLOCK = 100
"""Mappings in one block of a CMap, by its specification."""


class Glyphless:
    """Collects the characters that a document uses, and becomes its font object at the end."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._codes: dict[str, int] = {}
        self.object = pdf.make_indirect(Dictionary(Type=Name.Font))
        """What pages refer to; complete after `finish`."""

    def encode(self, text: str) -> bytes:
        """The text as a PDF string in this font, hexadecimal, with its brackets."""
        codes = self._codes
        numbers = [codes.setdefault(c, min(len(codes) + 1, _MOST)) for c in text]
        return b"<" + struct.pack(f">{len(numbers)}H", *numbers).hex().encode() + b">"

    def finish(self) -> None:
        """Writes the font for the characters seen so far."""
        pdf, name = self._pdf, Name("/Glyphless")
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=name,
            Flags=5,  # fixed pitch, symbolic
            FontBBox=Array([0, 0, WIDTH, EM]),
            ItalicAngle=0,
            Ascent=EM,
            Descent=0,
            CapHeight=EM,
            StemV=80,
            FontFile2=pdf.make_indirect(Stream(pdf, _truetype())),
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=name,
            CIDSystemInfo=Dictionary(
                Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
            ),
            FontDescriptor=pdf.make_indirect(descriptor),
            DW=WIDTH,
            CIDToGIDMap=pdf.make_indirect(Stream(pdf, struct.pack(">H", _GLYPH) * (len(self._codes) + 1))),
        )
        self.object.Subtype = Name.Type0
        self.object.BaseFont = name
        self.object.Encoding = Name("/Identity-H")
        self.object.DescendantFonts = Array([pdf.make_indirect(descendant)])
        self.object.ToUnicode = pdf.make_indirect(Stream(pdf, self._to_unicode()))

    def _to_unicode(self) -> bytes:
        rows = [f"<{code:04x}> <{c.encode('utf-16-be').hex()}>" for c, code in self._codes.items()]
        blocks = [rows[i : i + _BLOCK] for i in range(0, len(rows), _BLOCK)]
        body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            f"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{body}\n"
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode()


def _truetype() -> bytes:
    """A TrueType font of an empty glyph and a box, with the tables that PDF asks for and no more.

    The box is what viewers measure characters by; text in rendering mode 3 is not painted.
    """
    box = struct.pack(">hhhhhHH4B4h4h", 1, 0, 0, WIDTH, EM, 3, 0, 1, 1, 1, 1, 0, 0, WIDTH, 0, 0, EM, 0, -EM)
    tables = {
        b"glyf": box,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, EM, 0, 0, 0, 0, WIDTH, EM, 0, 8, 2, 0, 0
        ),
        b"hhea": struct.pack(">IhhhHhhhhhh8xhH", 0x10000, EM, 0, 0, WIDTH, 0, 0, WIDTH, 1, 0, 0, 0, 1),
        b"hmtx": struct.pack(">Hhh", WIDTH, 0, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(box) // 2),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, 2, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    directory = struct.pack(">IHHHH", 0x10000, len(tables), 64, 2, 32)
    offset = 12 + 16 * len(tables)
    body = b""
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag, checksum, offset + len(body), len(table))
        body += padded
    return directory + body
