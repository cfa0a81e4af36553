"""Which fields a document has: a JSON schema, read into what rules and model need. Ready-made ones are in rag/fields/ready.

A schema is an object whose properties are texts, numbers, dates or lists of texts. Beside the standard's words (`type`,
`format`, `title`, `description`, `enum`) a property may say `x-labels` (words that stand before the value), `x-not` (words
that must not stand there), `x-kind` (what the value looks like), `x-rule` (a rule of rag/fields/rules.py) and `x-pattern`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import ConfigurationError, InvalidInput, NotFound

T = TypeVar("T", bound=StrEnum)
READY = Path(__file__).parent / "ready"
MOST_FIELDS = 60
MOST_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Za-z_][\w-]{0,63}", re.ASCII)
_REMEDY = "docs/fields.md shows schemas; GET /v1/schemas lists the ready-made ones."


class Kind(StrEnum):
    """What a value looks like, and so how it is normalised."""

    AMOUNT = "amount"
    NUMBER = "number"
    DATE = "date"
    REFERENCE = "reference"
    NAME = "name"
    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CURRENCY = "currency"


class Rule(StrEnum):
    """How a value is looked for where labels alone do not do."""

    LABEL = "label"
    FIRST = "first"
    """The first one of its kind in the document, where no label leads to it."""
    TOTAL = "total"
    """The sum that is to be paid."""
    ISSUER = "issuer"
    """Who wrote the document: the name at its head."""
    PARTIES = "parties"
    """The names in 'between A and B'."""
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    rule: Rule = Rule.LABEL
    labels: tuple[str, ...] = ()
    """Casefolded, the strongest first."""
    not_labels: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    pattern: str = ""
    choices: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    name: str
    fields: tuple[Field, ...]
    document: Mapping[str, Any]
    """As it was given."""

    @property
    def asks_model(self) -> bool | None:
        """Whether the language model fills these fields too, where the schema says so; None: the settings do."""
        return self.document.get("x-model")

    @property
    def version(self) -> str:
        """Changes with every change of the schema."""
        text = json.dumps(self.document, sort_keys=True, ensure_ascii=False)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def field(self, name: str) -> Field:
        """Raises NotFound."""
        for one in self.fields:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.fields)
        raise NotFound(f"The schema '{self.name}' has no field '{name[:64]}'.", f"It has: {names}.")


def ready_names() -> list[str]:
    return sorted(path.stem for path in READY.glob("*.json"))


@cache
def ready(name: str) -> Schema:
    """A ready-made schema. Raises NotFound."""
    path = READY / f"{name}.json"
    if name not in ready_names():
        raise NotFound(f"There is no ready-made schema '{name[:64]}'.", f"There are: {', '.join(ready_names())}.")
    return parse(name, json.loads(path.read_text(encoding="utf-8")))


def from_setting(value: str) -> Schema:
    """A ready-made schema's name or the path of a JSON file. Raises ConfigurationError."""
    if value in ready_names():
        return ready(value)
    path = Path(value)
    try:
        return parse(path.stem, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"fields.schemas: '{value}' cannot be read: {error}", _REMEDY) from error
    except InvalidInput as error:
        raise ConfigurationError(f"fields.schemas: {error.detail}", error.remedy) from error


def parse(name: str, document: Any) -> Schema:
    """Raises InvalidInput that names what is wrong."""
    if not isinstance(document, Mapping) or document.get("type", "object") != "object":
        raise InvalidInput("A schema is a JSON object of type 'object' with 'properties'.", _REMEDY)
    if len(json.dumps(document)) > MOST_BYTES:
        raise InvalidInput(f"The schema has more than {MOST_BYTES} bytes.", "Shorten its descriptions.")
    if document.get("x-model") not in (None, True, False):
        raise InvalidInput("The schema's x-model is neither true nor false.", _REMEDY)
    properties = document.get("properties")
    if not isinstance(properties, Mapping) or not 1 <= len(properties) <= MOST_FIELDS:
        raise InvalidInput(f"A schema has 1 to {MOST_FIELDS} 'properties'.", _REMEDY)
    return Schema(name, tuple(_field(str(key), value) for key, value in properties.items()), dict(document))


def _field(name: str, value: Any) -> Field:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"'{name[:64]}' is no name of a field.", "Letters, digits, '_' and '-', a letter first.")
    if not isinstance(value, Mapping):
        raise InvalidInput(f"Field '{name}': its description is no JSON object.", _REMEDY)
    many = _type(value) == "array"
    inner = value.get("items", {}) if many else value
    if not isinstance(inner, Mapping) or _type(inner) not in ("string", "number", "integer"):
        raise InvalidInput(f"Field '{name}' is of type '{_type(value)}'.", "Use string, number, integer or a list of.")
    pattern = _text(value, "x-pattern", name)
    _compiled(pattern, name)
    rule = _choice(Rule, value.get("x-rule") or ("pattern" if pattern else "label"), name, "x-rule")
    title = _text(value, "title", name) or re.sub(r"[_-]+|(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    labels = _texts(value, "x-labels", name) or (title.casefold(),)
    return Field(
        name,
        _kind(name, value, inner),
        rule,
        labels,
        _texts(value, "x-not", name),
        title,
        _text(value, "description", name),
        pattern,
        tuple(str(choice) for choice in inner.get("enum", ()) if choice is not None),
        many or rule is Rule.PARTIES,
    )


def _type(value: Mapping[str, Any]) -> str:
    """'string' of "string" and of ["string", "null"]."""
    kind = value.get("type", "string")
    names = [one for one in kind if one != "null"] if isinstance(kind, list) else [kind]
    return str(names[0]) if len(names) == 1 else str(names)


def _kind(name: str, value: Mapping[str, Any], inner: Mapping[str, Any]) -> Kind:
    if said := value.get("x-kind"):
        return _choice(Kind, said, name, "x-kind")
    if _type(inner) == "integer":
        return Kind.NUMBER
    if _type(inner) == "number":
        return Kind.AMOUNT
    return {"date": Kind.DATE, "email": Kind.EMAIL}.get(str(inner.get("format")), Kind.TEXT)


def _choice(kind: type[T], value: Any, name: str, key: str) -> T:
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(kind)
        raise InvalidInput(f"Field '{name}': {key} cannot be '{value}'.", f"Use one of: {names}.") from None


def _text(value: Mapping[str, Any], key: str, name: str) -> str:
    text = value.get(key, "")
    if not isinstance(text, str) or len(text) > 1000:
        raise InvalidInput(f"Field '{name}': {key} is no text of up to 1000 characters.", _REMEDY)
    return text


def _texts(value: Mapping[str, Any], key: str, name: str) -> tuple[str, ...]:
    texts = value.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) and 0 < len(text) <= 100 for text in texts):
        raise InvalidInput(f"Field '{name}': {key} is no list of texts of up to 100 characters.", _REMEDY)
    return tuple(" ".join(text.casefold().split()) for text in texts)


def _compiled(pattern: str, name: str) -> None:
    import regex

    try:
        regex.compile(pattern)
    except regex.error as error:
        raise InvalidInput(f"Field '{name}': x-pattern is no regular expression ({error}).", _REMEDY) from error
