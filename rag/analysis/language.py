"""Which language a text is in, from its most frequent small words: enough for the languages that OCR packs are used for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from rag.model import Page

_COMMON = {
    "en": "the of and to in is that for it with as was on be by this are or from at which",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als",
    "fr": "de la le et les des en un du une que est pour qui dans par plus pas au sur",
    "es": "de la que el en y a los del se las por un para con no una su al lo",
    "it": "di e il la che in un a per è una sono con del della non le si dei da",
    "nl": "de van het een en in is dat op te voor met zijn die niet aan er om ook als",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as",
    "pl": "i w na z do się nie że to jest od o po przez za dla jak oraz jego są",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
MINIMUM_HITS = 3


def in_language(page: Page) -> Page:
    """The page with the language of its text, where it is long enough to tell and nobody has said it."""
    return page if page.language else replace(page, language=detect_language(page.text))


def detect_language(text: str) -> str | None:
    """ISO 639-1 code, or None when the text is too short or of none of the known languages."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    counts = Counter({language: sum(word in known for word in words) for language, known in _WORDS.items()})
    language, hits = counts.most_common(1)[0]
    return language if hits >= MINIMUM_HITS and hits >= 0.08 * len(words) else None
