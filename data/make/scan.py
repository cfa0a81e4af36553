"""From a clean page to a scan: render it, then add what scanners, fax lines and cameras add. Seeded, so repeatable."""

import io
import time
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageFilter

STAMP = time.gmtime(1_767_225_600)  # a fixed date inside the image PDFs, so that their bytes repeat


@dataclass(frozen=True)
class Scanner:
    """How a device degrades a page. Greys run from 0 (black) to 255 (white), angles are degrees counter-clockwise."""

    seed: int
    dpi: int = 200
    skew: float = 0.3
    blur: float = 0.5
    noise: float = 4.0
    speckles: int = 40
    paper: int = 246
    ink: int = 35
    shade: int = 8


def render(pdf: bytes, dpi: int) -> list[Image.Image]:
    """The pages of a PDF as grey images."""
    document = pdfium.PdfDocument(pdf)
    pages = [page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L") for page in document]
    document.close()
    return pages


def scan(pdf: bytes, scanner: Scanner) -> list[Image.Image]:
    """The pages of a PDF as this scanner would deliver them."""
    random = np.random.default_rng(scanner.seed)
    return [_degrade(page, scanner, random) for page in render(pdf, scanner.dpi)]


def _degrade(page: Image.Image, scanner: Scanner, random: np.random.Generator) -> Image.Image:
    angle = scanner.skew * (1 + 0.2 * random.uniform(-1, 1))
    page = page.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    page = page.filter(ImageFilter.GaussianBlur(scanner.blur))
    grey = np.asarray(page, dtype=np.float32) / 255
    height, width = grey.shape
    grey = scanner.ink + grey * (scanner.paper - scanner.ink)
    grey -= scanner.shade * np.linspace(0, 1, width)[None, :] ** 6  # the gutter shadow at one edge
    grey += random.normal(0, scanner.noise, grey.shape)
    for _ in range(scanner.speckles):
        row, column = random.integers(0, height - 3), random.integers(0, width - 3)
        size = int(random.integers(1, 4))
        grey[row : row + size, column : column + size] = random.integers(40, 170)
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def threshold(page: Image.Image, level: int = 165) -> Image.Image:
    """Black and white, one bit a pixel, as a fax machine sends."""
    return page.point(lambda grey: 255 if grey > level else 0).convert("1")


def few_greys(page: Image.Image, levels: int = 12) -> Image.Image:
    """Clip the paper to white and keep few greys, so that a PNG stays small."""
    grey = np.clip((np.asarray(page, dtype=np.float32) - 20) * 255 / 205, 0, 255)
    return Image.fromarray((np.round(grey / 255 * (levels - 1)) * 255 / (levels - 1)).astype(np.uint8))


def photograph(page: Image.Image, seed: int) -> Image.Image:
    """The page lying on a table, taken with a phone: a little perspective, uneven light, warm colour."""
    random = np.random.default_rng(seed)
    border = 70
    width, height = page.width + 2 * border, page.height + 2 * border
    corners = [(78, 62), (58, height - 60), (width - 66, height - 74), (width - 84, 76)]
    source = [(0, 0), (0, page.height), (page.width, page.height), (page.width, 0)]
    coefficients = _perspective(corners, source)
    size = (width, height)
    paper = page.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    mask = Image.new("L", page.size, 255).transform(size, Image.Transform.PERSPECTIVE, coefficients)
    grain = random.normal(0, 5, (height, 1)) + 3 * np.sin(np.arange(height) / 23)[:, None]
    table = Image.fromarray(np.clip(np.full((height, width), 92.0) + grain, 0, 255).astype(np.uint8))
    flat = np.asarray(Image.composite(paper, table, mask), dtype=np.float32)
    light = np.linspace(1.03, 0.84, height)[:, None] * np.linspace(0.95, 1.02, width)[None, :]
    grey = flat * light + random.normal(0, 3, flat.shape)
    colour = np.stack([grey * 1.02, grey * 0.985, grey * 0.92], axis=-1)
    return Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.5))


def _perspective(target: list[tuple[int, int]], source: list[tuple[int, int]]) -> list[float]:
    """The eight numbers that Pillow wants: they map each target corner back to its source corner."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(number) for number in np.linalg.solve(np.array(rows, float), np.array(values, float))]


def to_pdf(pages: list[Image.Image], *, dpi: int = 200, quality: int = 50) -> bytes:
    """Image-only PDF: one JPEG (or, for one-bit pages, G4) a page."""
    file = io.BytesIO()
    pages[0].save(
        file, "PDF", resolution=dpi, quality=quality, save_all=True, append_images=pages[1:],
        creationDate=STAMP, modDate=STAMP,
    )  # fmt: skip
    return file.getvalue()


def to_tiff(pages: list[Image.Image], *, dpi: int = 200, quality: int = 50) -> bytes:
    """Multi-page TIFF: G4 for one-bit pages, JPEG for grey ones."""
    file = io.BytesIO()
    options = {"compression": "group4"} if pages[0].mode == "1" else {"compression": "jpeg", "quality": quality}
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:], dpi=(dpi, dpi), **options)
    return file.getvalue()


def to_png(page: Image.Image, *, dpi: int = 200) -> bytes:
    file = io.BytesIO()
    page.save(file, "PNG", optimize=True, dpi=(dpi, dpi))
    return file.getvalue()


def to_jpeg(page: Image.Image, *, dpi: int = 200, quality: int = 60) -> bytes:
    file = io.BytesIO()
    page.save(file, "JPEG", quality=quality, dpi=(dpi, dpi), optimize=True)
    return file.getvalue()
