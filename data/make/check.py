"""Can the answers be read where the questions say they are? Text layers with pdfium, scans with tesseract."""

import json
import os
import re
from functools import cache
from pathlib import Path

import pypdfium2 as pdfium
import pytesseract
from PIL import Image

ENOUGH_TEXT = 40  # characters; a page with fewer is a scan


@cache
def page_text(path: Path, number: int) -> str:
    """The text of one page, white space folded. Pages count from 1."""
    match path.suffix:
        case ".pdf":
            text = _pdf_page(path, number)
        case ".tif" | ".png" | ".jpg":
            with Image.open(path) as image:
                image.seek(number - 1)
                text = _ocr(image.convert("L"))
        case _:
            text = path.read_text()
    return " ".join(text.split())


def _pdf_page(path: Path, number: int) -> str:
    document = pdfium.PdfDocument(path)
    page = document[number - 1]
    text = page.get_textpage().get_text_bounded()
    if len(text) < ENOUGH_TEXT:
        text = _ocr(page.render(scale=200 / 72, grayscale=True).to_pil())
    document.close()
    return text


def _ocr(image: Image.Image) -> str:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    if image.width > image.height:  # a page lying on its side
        turn = pytesseract.image_to_osd(image, output_type=pytesseract.Output.DICT)["rotate"]
        image = image.rotate(-turn, expand=True)
    return str(pytesseract.image_to_string(image))


def states(text: str, answer: str) -> bool:
    """Whether the answer stands in the text as whole words: 24.00 does not stand in 624.00."""
    return re.search(rf"(?<![\w.,]){re.escape(answer)}(?!\w)", text, re.IGNORECASE) is not None


def unreadable_answers(questions: Path, samples: Path) -> list[str]:
    """One line for each answerable question none of whose accepted answers is on its page."""
    problems = []
    for line in questions.read_text().splitlines():
        question = json.loads(line)
        if not question["answerable"]:
            continue
        text = page_text(samples / question["document"], question["page"])
        if not any(states(text, answer) for answer in question["answers"]):
            problems.append(
                f"{question['id']}: {question['answers']} not on page {question['page']} of {question['document']}"
            )
    return problems
