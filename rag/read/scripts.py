"""Scripts and languages: which of tesseract's packs reads what, and the Debian package that brings it."""

from __future__ import annotations

from collections.abc import Collection

SCRIPTS = {
    "Arabic": ("ara", "fas", "urd"),
    "Armenian": ("hye",),
    "Bengali": ("ben", "asm"),
    "Cyrillic": ("rus", "ukr", "bel", "bul", "srp", "mkd", "kaz", "mon"),
    "Devanagari": ("hin", "mar", "nep", "san"),
    "Ethiopic": ("amh", "tir"),
    "Georgian": ("kat",),
    "Greek": ("ell", "grc"),
    "Gujarati": ("guj",),
    "Gurmukhi": ("pan",),
    "Han": ("chi_sim", "chi_tra", "jpn"),
    "Hangul": ("kor",),
    "Hebrew": ("heb", "yid"),
    "Japanese": ("jpn",),
    "Kannada": ("kan",),
    "Khmer": ("khm",),
    "Korean": ("kor",),
    "Lao": ("lao",),
    "Malayalam": ("mal",),
    "Myanmar": ("mya",),
    "Sinhala": ("sin",),
    "Tamil": ("tam",),
    "Telugu": ("tel",),
    "Thai": ("tha",),
}
"""Names of tesseract's orientation and script detection to languages, the likeliest first. Latin is what is left."""
_SHORT = {
    "Armenian": "armn",
    "Cyrillic": "cyrl",
    "Greek": "grek",
    "Gujarati": "gujr",
    "Hangul": "hang",
    "Japanese": "jpan",
    "Kannada": "knda",
    "Khmer": "khmr",
    "Lao": "laoo",
    "Latin": "latn",
    "Malayalam": "mlym",
    "Myanmar": "mymr",
    "Tamil": "taml",
}
"""ISO 15924 of those whose code is not their first four letters."""
LANGUAGES = {
    "en": "eng",
    "de": "deu",
    "fr": "fra",
    "es": "spa",
    "it": "ita",
    "nl": "nld",
    "pt": "por",
    "pl": "pol",
}
"""What `rag.analysis.language` tells apart, as tesseract calls it."""


def foreign(script: str, asked: str) -> bool:
    """Whether a page in `script` cannot be read with the languages `asked` for ('deu+eng')."""
    return script in SCRIPTS and not any(
        code in SCRIPTS[script] or code == f"script/{script}" for code in asked.split("+")
    )


def reader_of(script: str, installed: Collection[str]) -> str | None:
    """The installed pack for a script; the script's own before one of its languages. None when there is none."""
    wanted = (f"script/{script}", *SCRIPTS.get(script, ()))
    return next((code for code in wanted if code in installed), None)


def package(code: str) -> str:
    """Debian's package of a language or 'script/Name'."""
    if code.startswith("script/"):
        name = code.removeprefix("script/")
        return f"tesseract-ocr-script-{_SHORT.get(name, name[:4].lower())}"
    return f"tesseract-ocr-{code.replace('_', '-')}"


def unread(language: str, asked: str) -> str | None:
    """Tesseract's code of a language (ISO 639-1) that is not among those `asked` for; None when it is, or is not known."""
    code = LANGUAGES.get(language)
    return code if code and code not in asked.split("+") else None
