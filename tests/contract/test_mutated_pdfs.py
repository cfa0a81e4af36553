"""PDFs with damage put in, and PDFs built to hurt: every one is read or refused with a type, and none takes longer than its limit.

`REDWELL_MUTATED=1000` makes as many; the usual run makes a few.
"""

from __future__ import annotations

import os
import random
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.errors import RedwellError
from rag.read.reader import LocalReader
from rag.settings import Limits, Reading
from tests.conftest import SAMPLES

COUNT = int(os.environ.get("REDWELL_MUTATED", "60"))
HURTFUL = [
    b"9999999999",
    b"-1",
    b"0 0 R",
    b"1 0 R",
    b"<<" * 200,
    b"[" * 400,
    b"null",
    b"/Kids [1 0 R]",
    b"stream\n",
    b"endobj",
]


@contextmanager
def open_path(key: str) -> Iterator[Path]:
    yield Path(key)


@pytest.fixture(scope="module")
def reader() -> Iterator[LocalReader]:
    limits = Limits(parser_seconds=10, parser_memory_mb=1024, pages=200)
    local = LocalReader(limits=limits, reading=Reading(), open_path=open_path)
    yield local
    local.close()


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to eight pieces of damage: bits, bytes, pieces lost, doubled, exchanged; numbers and references that hurt."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(changed))
        match dice.randrange(6):
            case 0:
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at : at + dice.randint(1, 64)] = dice.randbytes(dice.randint(0, 64))
            case 2:
                del changed[at : at + dice.randint(1, 4000)]
            case 3:
                changed[at:at] = changed[at : at + dice.randint(1, 2000)]
            case 4:
                changed[at:at] = dice.choice(HURTFUL)
            case _:
                numbers = [found.span() for found in re.finditer(rb"\d+", bytes(changed))]
                start, end = dice.choice(numbers)
                changed[start:end] = dice.choice(HURTFUL[:4])
        if len(changed) < 10:
            break
    return bytes(changed)


def built(*objects: bytes) -> bytes:
    """A PDF of these objects, the first of them its catalog."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        body + head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
    )


def stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), extra, content)


CATALOG, PAGE = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>"
TREE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
BUILT = {
    "pages that hold themselves": built(CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"),
    "pages in a circle": built(
        CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>"
    ),
    "a million pages that are one": built(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1000000>>", PAGE, stream(b"")),
    "a stream that unpacks to a thousand times its size": built(
        CATALOG, TREE, PAGE, stream(zlib.compress(b"q " * 2**25, 9), b"/Filter/FlateDecode")
    ),
    "a length that is a circle": built(CATALOG, TREE, PAGE, b"<</Length 4 0 R>>stream\nq\nendstream"),
    "states that are never given back": built(CATALOG, TREE, PAGE, stream(b"q " * 500_000)),
    "arrays in arrays": built(CATALOG, b"<</Type/Pages/Kids" + b"[" * 50_000 + b"]" * 50_000 + b"/Count 1>>"),
    "a page as large as a country": built(
        CATALOG, TREE, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1e9 1e9]/Contents 4 0 R>>", stream(b"")
    ),
    "a form that draws itself": built(
        CATALOG,
        TREE,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        stream(b"/F Do"),
        stream(b"/F Do /F Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>"),
    ),
    "no trailer at all": b"%PDF-1.7\n1 0 obj\n<</Type/Catalog",
}


def outcome(reader: LocalReader, path: Path, data: bytes) -> RedwellError | int:
    path.write_bytes(data)
    try:
        return len(reader.read(str(path), filename=path.name).pages)
    except RedwellError as error:
        return error


@pytest.mark.parametrize("name", BUILT)
def test_what_was_built_to_hurt_is_read_or_refused(reader: LocalReader, tmp_path: Path, name: str) -> None:
    found = outcome(reader, tmp_path / "a.pdf", BUILT[name])
    assert isinstance(found, int) or found.code in ("damaged_file", "parser_limit", "too_large", "unsupported_type")


def test_every_damaged_pdf_is_read_or_refused(reader: LocalReader, tmp_path: Path) -> None:
    dice = random.Random(20261121)
    files = [path.read_bytes() for path in sorted(SAMPLES.glob("*.pdf"))]
    found = [outcome(reader, tmp_path / f"{number}.pdf", mutated(dice.choice(files), dice)) for number in range(COUNT)]
    codes = {one.code for one in found if isinstance(one, RedwellError)}
    assert codes <= {"damaged_file", "parser_limit", "too_large", "unsupported_type", "encrypted_file"}
    assert len(found) == COUNT
    assert outcome(reader, tmp_path / "whole.pdf", files[0]) != 0
