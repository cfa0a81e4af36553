"""Pictures to tasks, gray pictures and marked PNGs. Parsers are called in this process."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rag.errors import DamagedFile, ParserLimit
from rag.model import Page, PageTask, Source
from rag.read import image, prepare, text
from rag.settings import Limits


def outline(path: Path, limits: Limits | None = None):
    return image.outline(path, key="k", media_type="image/x", limits=limits or Limits(), language="eng")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp"])
def test_each_format_is_one_page_in_pixels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (60, 40), "white").save(path)
    assert outline(path) == (PageTask("k", "image/x", 1, 60, 40, "eng"),)


def test_each_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    frames = [Image.new("L", (60 + n, 40), 255 - n) for n in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    assert [(task.number, task.width) for task in outline(tmp_path / "a.tif")] == [(1, 60), (2, 61), (3, 62)]
    assert image.gray(tmp_path / "a.tif", 3, pixels=10**6)[0, 0] == 253


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (60, 40), 255).save(tmp_path / "a.jpg", exif=exif)
    (task,) = outline(tmp_path / "a.jpg")
    assert (task.width, task.height) == (40, 60)
    assert image.gray(tmp_path / "a.jpg", 1, pixels=10**6).shape == (60, 40)


def test_transparency_is_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert image.gray(tmp_path / "a.png", 1, pixels=10**6).min() == 255


def test_deep_gray_is_scaled(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert image.gray(tmp_path / "a.png", 1, pixels=10**6).tolist() == [[0, 255]]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "a.png")
    with pytest.raises(ParserLimit) as caught:
        outline(tmp_path / "a.png")
    assert "`limits.pixels`" in caught.value.remedy


def test_a_cut_picture_is_damaged(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue()[:2000])
    with pytest.raises(DamagedFile):
        image.gray(tmp_path / "a.png", 1, pixels=10**6)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_boxes_are_marked_and_nothing_else() -> None:
    marked = pixels(image.mark(np.full((100, 200, 3), 255, np.uint8), [(40, 20, 60, 30)], page_width=200))
    assert marked.shape == (100, 200, 3)
    assert tuple(marked[25, 50]) == image._MARK
    assert tuple(marked[60, 50]) == (255, 255, 255)


def test_a_turned_page_is_marked_upright() -> None:
    sideways = np.full((200, 100, 3), 255, np.uint8)
    sideways[10:20, 80:90] = 0
    marked = pixels(image.mark(sideways, [], rotation=270, page_width=200))
    assert marked.shape == (100, 200, 3)
    assert marked[15, 15].tolist() == [0, 0, 0]


def test_a_text_sheet_is_drawn_with_its_words_where_their_boxes_are() -> None:
    page = text.page("Rent is due", 1)
    box = page.words.boxes(8, 11)[0]
    drawn = pixels(image.draw_sheet(page, [box], width=612))
    x0, y0, x1, y1 = (int(v) for v in box)
    assert drawn.shape == (792, 612, 3)
    inside = drawn[y0:y1, x0:x1]
    assert (inside.min(axis=2) < 100).sum() > 15
    assert tuple(inside.reshape(-1, 3).max(axis=0)) == image._MARK
    assert drawn[400:].min() == 255


def test_an_ocr_page_without_words_is_drawn_empty() -> None:
    page = Page(1, 612, 792, "", Source.OCR)
    assert pixels(image.draw_sheet(page, [], width=100)).min() == 255


def lines_of_text(width: int = 1600, height: int = 1200) -> Image.Image:
    sheet = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(sheet)
    for row in range(100, height - 100, 40):
        for column in range(100, width - 150, 90):
            draw.rectangle((column, row, column + 70, row + 14), fill=0)
    return sheet


@pytest.mark.parametrize("angle", [-7.0, -3.0, 2.0, 5.0])
def test_skew_is_measured(angle: float) -> None:
    turned = np.asarray(lines_of_text().rotate(-angle, fillcolor=255, resample=Image.Resampling.BILINEAR))
    found, _ = prepare.skew(prepare.ink(turned))
    assert found == pytest.approx(angle, abs=0.3)


def test_straight_and_blank_pages_are_left_alone() -> None:
    assert prepare.skew(prepare.ink(np.asarray(lines_of_text())))[0] == 0.0
    assert prepare.skew(prepare.ink(np.full((500, 500), 255, np.uint8))) == (0.0, 0.0)


def test_boxes_of_a_levelled_picture_go_back_to_where_the_ink_is() -> None:
    gray = np.full((600, 800), 255, np.uint8)
    gray[95:106, 595:606] = 0
    level = prepare.rotate(gray, 4.0)
    rows, columns = np.nonzero(level < 128)
    box = np.array([[columns.min(), rows.min(), columns.max(), rows.max()]], float)
    back = prepare.unrotate_boxes(box, 4.0, 800, 600)[0]
    assert ((back[0] + back[2]) / 2, (back[1] + back[3]) / 2) == pytest.approx((600, 100), abs=1.5)


def test_turning_is_clockwise() -> None:
    assert prepare.turn(np.array([[1, 2], [3, 4]], np.uint8), 90).tolist() == [[3, 1], [4, 2]]


def test_a_gray_file_comes_back_as_written(tmp_path: Path) -> None:
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    prepare.write_gray(tmp_path / "a.tif", gray)
    assert prepare.read_gray(tmp_path / "a.tif").tolist() == gray.tolist()
    assert np.asarray(Image.open(tmp_path / "a.tif")).tolist() == gray.tolist()


def test_black_and_white_is_written_as_bits(tmp_path: Path) -> None:
    gray = np.where(np.arange(33).reshape(3, 11) % 3 == 0, 0, 255).astype(np.uint8)
    prepare.write_gray(tmp_path / "a.tif", gray)
    assert (tmp_path / "a.tif").read_bytes()[:2] == b"P4"
    assert prepare.read_gray(tmp_path / "a.tif").tolist() == gray.tolist()
    assert np.asarray(Image.open(tmp_path / "a.tif").convert("L")).tolist() == gray.tolist()
    prepare.write_gray(tmp_path / "b.tif", np.rot90(gray))
    assert prepare.read_gray(tmp_path / "b.tif").tolist() == np.rot90(gray).tolist()
