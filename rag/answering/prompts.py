"""Prompts are files with a version (rag/templates): what is shared by all requests stands first, for the prefix cache."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rag.fields.schema import Schema
from rag.model import Message, Passage
from rag.retrieval.context import blocks

CHARS_PER_TOKEN = 4
"""Of text that goes into a prompt, about."""
FRAME = 100
"""Characters that the marks around a passage and its source cost of the prompt, about: a line or two of text."""
_FOLDER = Path(__file__).parents[1] / "templates"
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
"""Characters that a person does not see and a model reads."""
_MARKS = re.compile(r"[<＜﹤]\s*/?\s*(?:passage|document)\b[^>＞﹥]*[>＞﹥]?", re.IGNORECASE)
_ANGLE = re.compile(r"[<＜﹤](?=[\w/|｜!<＜?])")
_BRACKET = re.compile(r"\[(?=/?[A-Z][A-Z_]{2,30}\])")


@dataclass(frozen=True, slots=True)
class Prompt:
    version: str
    messages: tuple[Message, ...]


@cache
def _template(name: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    head, *blocks = (_FOLDER / f"{name}.md").read_text(encoding="utf-8").split("\n---\n")
    parts = [block.split("\n", 1) for block in blocks]
    return head.removeprefix("version:").strip(), tuple((role.strip(), body.strip()) for role, body in parts)


def quoted(text: str) -> str:
    """Document text as data, which cannot end its quotation: our own marks are taken out, and what a chat template could read as
    one of its tokens ('<|im_end|>', '</s>', '[INST]') is broken by a space, so that it reaches the model as plain characters."""
    return _BRACKET.sub("[ ", _ANGLE.sub("< ", _MARKS.sub(" ", _UNSEEN.sub("", text))))


def _render(name: str, **values: str) -> Prompt:
    version, parts = _template(name)
    messages = []
    for role, body in parts:
        # One pass over the template: a value that holds '{question}' is not expanded again.
        content = re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], body)
        messages.append(Message(role, content))
    return Prompt(version, tuple(messages))


def answer_prompt(question: str, passages: Sequence[Passage]) -> Prompt:
    """Passages in order of rank, neighbours read on."""
    parts = [
        f'<passage source="{quoted(block.source)}">\n{quoted(block.text)}\n</passage>' for block in blocks(passages)
    ]
    return _render("answer", passages="\n".join(parts), question=quoted(question))


def fields_prompt(text: str, schema: Schema) -> Prompt:
    keys = [f"- {one.name}: {one.description or one.title}" for one in schema.fields]
    return _render("fields", text=quoted(text), keys=quoted("\n".join(keys)))


def summary_prompt(text: str) -> Prompt:
    return _render("summary", text=quoted(text))


def long_summary_prompt(text: str) -> Prompt:
    return _render("summary_long", text=quoted(text))
