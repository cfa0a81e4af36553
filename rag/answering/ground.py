"""The grounding check: is a sentence said by a passage? Words must overlap, and every number, date and name must occur.

No model is asked: a small model must never be believed over the page, and a check by another one would be no proof.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "she",
        "should",
        "so",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "any",
        "all",
        "about",
        "according",
        "please",
        "tell",
        "document",
        "documents",
        "say",
        "says",
        "said",
        "state",
        "states",
    ]
)
_WORD = re.compile(r"[^\W_]+(?:[-/'’.&][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,'’ ]\d{3})*(?:[.,]\d+)?|\d+")
_PARTS = re.compile(r";|, (?:and|but|while|whereas)\b")
_NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|without|cannot|n't)\b|n't\b", re.IGNORECASE)
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]

SUPPORT = 0.6
STEMS = 16_384
"""That are remembered: the words of an answer's sixteen passages are some thousand, nearly all of them said again and again."""


@dataclass(frozen=True, slots=True)
class Support:
    index: int
    """Which candidate supports best; -1 without candidates."""
    score: float
    """Share of the sentence's content words found there, 0..1."""
    missing: tuple[str, ...]
    """Numbers, names and a negation that the candidate lacks, and words that it says of another number."""
    supported: bool = False


@lru_cache(STEMS)
def stem(word: str) -> str:
    """A crude English stem: enough to match plurals and verb forms."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    for suffix, least in (("ies", 5), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4), ("e", 5)):
        if word.endswith(suffix) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(suffix)] + ("y" if suffix == "ies" else "")
    return word


def content_words(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order."""
    return [stem(word) for word in _WORD.findall(text) if word.casefold() not in _STOP]


def numbers(text: str) -> set[str]:
    """Numbers in one spelling: 4,850.00 and 4850 and 4'850 are the same."""
    return {_plain(match.group()) for match in _NUMBER.finditer(text)}


def names(text: str) -> list[str]:
    """Capitalised words that do not merely begin a sentence, months apart."""
    found = []
    for match in _WORD.finditer(text):
        word = match.group()
        begins = match.start() == 0 or text[: match.start()].rstrip(" \"'“(")[-1:] in (".", "!", "?", ":", "\n", "")
        if word[0].isupper() and not begins and word.casefold() not in _STOP and word.casefold() not in MONTHS:
            found.append(word)
    return found


def check(
    sentence: str,
    candidates: Sequence[str],
    preference: Sequence[float] = (),
    *,
    asked: Set[str] = frozenset(),
    least: float = 0.0,
) -> Support:
    """The candidate that supports `sentence` best; `preference` (0..1 each) decides between equals.

    Where it answers a question with the content words `asked`, the share `least` (0..1) of its other ones must stand there too: those of
    the question stand in whatever was found for it.
    """
    best = Support(-1, 0.0, ())
    best_rank = (-1, -1.0)
    for index, candidate in enumerate(candidates):
        support = _compare(sentence, candidate, index, asked, least)
        weight = preference[index] if index < len(preference) else 0.0
        rank = (1 if support.supported else 0, support.score - 0.3 * len(support.missing) + 0.5 * weight)
        if rank > best_rank:
            best, best_rank = support, rank
    return best


def _compare(sentence: str, candidate: str, index: int, asked: Set[str], least: float) -> Support:
    words = content_words(sentence)
    there = set(content_words(candidate))
    digits = numbers(candidate)
    missing = [number for number in sorted(numbers(sentence)) if number not in digits]
    flat = candidate.casefold()
    missing += [name for name in names(sentence) if stem(name) not in there and name.casefold() not in flat]
    if _NEGATION.search(sentence) and not _NEGATION.search(candidate):
        missing.append("not")
    spoken = [word for word in words if not word[0].isdigit()]
    score = _share(spoken, there) if spoken else float(bool(words))
    missing += _said_of_others(spoken, numbers(sentence), candidate)
    told = [word for word in spoken if word not in asked]
    supported = not missing and score >= SUPPORT and _share(told, there) >= least
    return Support(index, score, tuple(dict.fromkeys(missing)), supported)


def _said_of_others(words: Sequence[str], digits: Set[str], candidate: str) -> list[str]:
    """Words that the candidate says only after the last of `digits`, of other numbers: "a broken oar costs 45 euros; a lost one costs
    120" does not say what a lost oar of 45 euros would. What was said before may go on ("a lost one" is an oar)."""
    parts = [(set(content_words(part)), numbers(part)) for part in _PARTS.split(candidate)]
    last = max((index for index, (_, own) in enumerate(parts) if own & digits), default=len(parts))
    ours = {word for index, (there, own) in enumerate(parts) if index <= last or not own for word in there}
    return [word for word in words if word not in ours and any(word in there for there, _ in parts)]


def _share(words: Sequence[str], there: Set[str]) -> float:
    """Of no words all stand there."""
    return sum(word in there for word in words) / len(words) if words else 1.0


def unfinished(sentence: str) -> bool:
    """Does it break off ("The report was"), cut at the limit of tokens or left so by the model? "World War I" and "vitamin A" do not."""
    words = _WORD.findall(sentence)
    return not words or (sentence.rstrip()[-1].isalpha() and words[-1] in _STOP)


def _plain(number: str) -> str:
    number = re.sub(r"(?<=\d)[.,'’ ](?=\d{3}(?:\D|$))", "", number)
    number = number.replace(",", ".")
    whole, _, fraction = number.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole.lstrip('0') or '0'}.{fraction}" if fraction else whole.lstrip("0") or "0"
