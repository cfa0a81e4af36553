"""Question sets as documents and questions: SQuAD 2.0, CUAD contracts, PubMedQA, or any folder of data/'s format.

That is questions.jsonl (rag/evaluation/questions.py) beside the documents, or beside a folder `samples` that holds them.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigurationError
from rag.evaluation.questions import load_questions

SETS = ("squad", "contracts", "pubmedqa", "folder")


@dataclass(frozen=True, slots=True)
class Source:
    """A document of a set: its text, or the file that is to be read."""

    name: str
    text: str | None = None
    path: Path | None = None
    collection: str = "default"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its truth. `collections` and `document` are what it is put to."""

    id: str
    question: str
    kind: str
    """'answerable', 'absent' (its subject is not in what it is put to) or 'unanswerable' (the subject is, the answer is not)."""
    answers: tuple[str, ...] = ()
    """Accepted spellings."""
    spans: tuple[str, ...] = ()
    """Passages of the document that hold the answer, verbatim."""
    source: str | None = None
    """The document that holds the answer."""
    collections: tuple[str, ...] = ()
    document: str | None = None
    """Put to this document only."""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    name: str
    sources: tuple[Source, ...]
    questions: tuple[Asked, ...]


def load_set(name: str, folder: Path, *, sample: int | None = None, seed: int = 0) -> QuestionSet:
    """`sample` questions of each kind, drawn with `seed`. Raises ConfigurationError when the set is not in the folder."""
    loaders = {"squad": _squad, "contracts": _contracts, "pubmedqa": _pubmedqa, "folder": _folder}
    if name not in loaders:
        raise ConfigurationError(f"There is no question set '{name}'.", f"Choose one of {', '.join(SETS)}.")
    try:
        sources, questions = loaders[name](folder)
    except FileNotFoundError as error:
        raise ConfigurationError(f"'{name}' needs {error.filename}.", "Name the folder that holds it.") from error
    return QuestionSet(name, tuple(sources), tuple(_drawn(questions, sample, seed)))


def _drawn(questions: list[Asked], sample: int | None, seed: int) -> Iterator[Asked]:
    if sample is None:
        yield from questions
        return
    for kind in dict.fromkeys(question.kind for question in questions):
        of_kind = [question for question in questions if question.kind == kind]
        yield from random.Random(seed).sample(of_kind, min(sample, len(of_kind)))


def _squad(folder: Path) -> tuple[list[Source], list[Asked]]:
    """Each paragraph is a document, each article a collection. Its questions are put to all articles; and again, 'absent',
    to all but their own."""
    articles = _json(folder / "squad2.json.gz")
    titles = [article["title"] for article in articles]
    sources, questions = [], []
    for a, article in enumerate(articles):
        others = tuple(title for title in titles if title != article["title"])
        for p, paragraph in enumerate(article["paragraphs"]):
            # The name tells nothing: an article's title in it would be half of the answer.
            name = f"passage-{a}-{p:03d}.txt"
            sources.append(Source(name, paragraph["context"], collection=article["title"]))
            for item in paragraph["qas"]:
                kind = "unanswerable" if item["is_impossible"] else "answerable"
                answers = tuple(dict.fromkeys(answer["text"] for answer in item["answers"]))
                questions.append(Asked(item["id"], item["question"], kind, answers, answers, name))
                if kind == "answerable":
                    questions.append(Asked(f"{item['id']}-absent", item["question"], "absent", collections=others))
    return sources, questions


def _contracts(folder: Path) -> tuple[list[Source], list[Asked]]:
    """The contract is given, as when a reader asks about the document that is open."""
    lines = (folder / "contracts" / "questions.jsonl").read_text().splitlines()
    sources: dict[str, Source] = {}
    questions = []
    for number, row in enumerate(map(json.loads, lines)):
        name = row["document"]
        sources.setdefault(name, Source(name, path=folder / "contracts" / name))
        spans = tuple(row["spans"])
        questions.append(Asked(f"{name}-{number}", row["question"], "answerable", (), spans, name, document=name))
    return list(sources.values()), questions


def _pubmedqa(folder: Path) -> tuple[list[Source], list[Asked]]:
    """Each abstract is a document; the truth is which abstract a question was asked of (and yes, no or maybe)."""
    sources, questions = [], []
    for key, row in _json(folder / "pubmedqa.json.gz").items():
        sources.append(Source(f"{key}.txt", "\n\n".join(row["CONTEXTS"])))
        questions.append(Asked(key, row["QUESTION"], "answerable", (row["final_decision"],), (), f"{key}.txt"))
    return sources, questions


def _folder(folder: Path) -> tuple[list[Source], list[Asked]]:
    """A question that names several documents is held by any of them; the first counts as its source."""
    questions = load_questions(folder / "questions.jsonl")
    samples = folder / "samples"
    files = sorted(path for path in (samples if samples.is_dir() else folder).iterdir() if path.is_file())
    sources = [Source(path.name, path=path) for path in files if path.name != "questions.jsonl"]
    return sources, [
        Asked(
            item.id,
            item.question,
            "answerable" if item.answerable else "unanswerable",
            item.answers,
            item.answers,
            item.documents[0] if item.documents else None,
        )
        for item in questions
    ]


def _json(path: Path) -> Any:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        data = json.load(file)
    return data["data"] if isinstance(data, dict) and "data" in data else data
