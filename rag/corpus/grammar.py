"""Questions about the library itself, by rules. Every word must be understood, or the question is not one of these.

    question := head noun clause* | bare plural clause+          'how many' 'leases' 'name Acme' 'since May'
    clause   := mention | party | amount | date | collection | metadata | filler

Names end where the rest of the question can be read: shortest first, with backtracking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from rag.access.principal import stored
from rag.corpus import kinds
from rag.corpus.amounts import match_amounts
from rag.corpus.calendar import MOMENT, match_range
from rag.corpus.heads import HEADS, Head
from rag.corpus.query import AmountRange, CorpusQuery, DateOf, DateRange, Kind
from rag.model import Filter

MAX_CHARS = 400
MAX_TERM_WORDS = 8
PLAIN_WORDS = 3
"""Words of an uncapitalised, unquoted phrase: longer ones are questions in disguise."""

_JOIN = re.compile(r"[\s,;]*(?:\b(?:and|but)\s+)?(?:\b(?:that|which|who)\s+)?(?:(?:also|all|each|both)\s+)?", re.I)
_MENTION = re.compile(
    r"(?:(?:do|does|did|to)\s+)?(?:mention(?:s|ed|ing)?|nam(?:e|es|ing)|refer(?:s|ring)?\s+to|speak(?:s|ing)?\s+of|cit(?:e|es|ing)"
    r"|(?:contain(?:s|ing)?|includ(?:e|es|ing)|with|have|has|use|uses|using)\s+the\s+(?:words?|names?|phrase|term|text))\s+",
    re.I,
)
_ABOUT = re.compile(
    r"(?:(?:is|are|talks?|talking|deals?|dealing)\s+)?(?:about|on|regarding|concerning|relating\s+to|involv(?:e|es|ing)|contain(?:s|ing)?|includ(?:e|es|ing)|list(?:s|ing)?)\s+",
    re.I,
)
_PARTY = re.compile(
    r"(?:(?:is|are|was|were|came|come)\s+)?(?:(?:signed|issued|sent|written|made|concluded|drawn\s+up|received|got|addressed|agreed)\s+)?"
    r"(?P<role>from|by|with|for|to|of|between|against)\s+",
    re.I,
)
_DID = re.compile(r"(?:did|has|have|does|do)\s+(?!we\b|i\b|you\b|they\b)", re.I)
_SENT = re.compile(
    r"\s+(?:send|sent|issue|issued|sign|signed|write|written|submit|submitted|bill)(?:\s+(?:to\s+)?us)?(?=\s|$)", re.I
)
_IS = re.compile(r"(?:is|are|was|were)\s+", re.I)
_NAMED = re.compile(r"\s+(?:mentioned|named|referred\s+to|cited)(?:\s+in)?(?=\s|$)", re.I)
_UPLOAD = re.compile(
    r"(?:(?:did|have|has|do)\s+(?:we|i|you|they)\s+)?(?:(?:that|which)\s+)?(?:(?:was|were|have\s+been|has\s+been|are|is|we|i)\s+)?(?:newly\s+)?"
    r"(?:upload(?:ed)?|add(?:ed)?|ingest(?:ed)?|import(?:ed)?|load(?:ed)?)(?:\s+by\s+us)?\b\s*",
    re.I,
)
_OWN = re.compile(
    r"(?:(?:did|have|has|do)\s+(?:we|i|you|they)\s+)?(?:(?:was|were|have\s+been|has\s+been|are|is|we|i)\s+)?"
    r"(?:dated|signed|issued|written|sent|created|made|received?|got(?:ten)?|get|concluded|came\s+in|arrived)\s+",
    re.I,
)
_COLLECTION = re.compile(
    r"(?:(?:are|is)\s+)?(?:in|from|of|within)\s+(?:the\s+)?(?:collection\s+[\"'“‘]?(?P<a>[\w.-]{1,64})[\"'”’]?|[\"'“‘]?(?P<b>[\w.-]{1,64})[\"'”’]?\s+collection)(?=[\s,]|$)",
    re.I,
)
_METADATA = re.compile(
    r"(?:(?:with|whose|where|having)\s+)?(?:the\s+)?metadata\s+(?P<key>[\w.-]{1,60})\s*(?:=|:|is|equals|of)?\s*(?P<value>\"[^\"]{1,200}\"|[^\s,]{1,100})",
    re.I,
)
_FILLER = re.compile(
    r"(?:(?:do|did|have)\s+(?:we|i|you)\s+(?:have|got|get|hold|keep|store|own)|have\s+(?:we|i)\s+got|we\s+have|i\s+have|(?:are|is)\s+there|there\s+(?:are|is)|exist"
    r"|(?:are|is)\s+(?:stored|held|kept|here)|(?:(?:are|is)\s+)?(?:in|among|across|of|from)\s+(?:(?:the|our|my|all|this|these|your)\s+)?(?:(?:whole|entire)\s+)?"
    r"(?:library|corpus|system|database|archive|documents|files|collection|store|records)|in\s+(?:total|all|here|redwell|stock)|altogether|overall|please|right\s+now|now"
    r"|at\s+the\s+moment|currently|so\s+far|to\s+us|come\s+to|add\s+up\s+to|amount\s+to|sum\s+up\s+to|did\s+we\s+receive)(?=[\s,]|$)",
    re.I,
)
_BAD_TERM = re.compile(
    r"^(?:how|what|why|when|whether|if|who|whom|whose|which|that|any|it|them|this|these|those|there|more|less|over|above|below|under|an?y?one|something|every\w*)\b"
    r"|\b(?:is|are|was|were|does|did|has|have|had|will|would|should|must|can|could|because|than|while)\b",
    re.I,
)
_TIME_WORDS = re.compile(r"\b(?:since|until|till|before|after|between|during)\b")
"""Uncapitalised in a name: then it is none."""
_QUOTED = re.compile(r"[\"“„«'‘](?P<text>[^\"“”„«»]{1,200}?)[\"”“»'’](?=[\s,;.]|$)")
_WORD_END = re.compile(r"(?<=\S)(?=[\s,;]|$)")
_NAME_BEFORE = re.compile(r"(?:[A-Z0-9][\w.&'’-]*\s+){1,4}?(?=[a-z])")
_SPLIT = re.compile(r"\s*(?:,\s*(?:and|or)\s+|,\s+|\s+(?:and|or)\s+)", re.I)
_TIME = re.compile(rf"(?:the\s+)?{MOMENT}", re.I)


@dataclass(frozen=True, slots=True)
class _Clause:
    mentions: tuple[tuple[str, ...], ...] = ()
    issuers: tuple[tuple[str, ...], ...] = ()
    amount: AmountRange | None = None
    date: DateRange | None = None
    collection: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    upload: bool = False


def understand(
    question: str, *, today: date, scope: Filter = Filter(), labels: tuple[str, ...] = ()
) -> CorpusQuery | None:
    """The query that the question asks; None when it is not wholly understood, or not about the library.

    `scope` is what the request lets be seen: collections of the question narrow it. `labels`: further document types.
    """
    text = " ".join(question.split()).rstrip(" ?.!")
    if not 4 <= len(text) <= MAX_CHARS:
        return None
    for head, found, of, end in _heads(text, labels):
        clauses = _clauses(text, end, today, frozenset())
        if clauses is None or (head.needs_clause and not (clauses or of)):
            continue
        query = _joined(head, found, (*of, *clauses), scope)
        if query is not None:
            return query
    return None


def _heads(text: str, labels: tuple[str, ...]) -> Iterator[tuple[Head, tuple[Kind, ...], tuple[_Clause, ...], int]]:
    noun = re.compile(rf"(?:(?:different|distinct|single|stored)\s+)?(?P<noun>{kinds.nouns(labels)})", re.I)
    for head in HEADS:
        match = head.pattern.match(text)
        if not match:
            continue
        if head.without_noun:
            yield head, (), (), match.end()
            continue
        found, position, plural = _nouns(text, match.end(), noun, labels)
        of: tuple[_Clause, ...] = ()
        if not found and (name := _NAME_BEFORE.match(text, match.end())):
            # 'the Northgate invoices'
            found, position, plural = _nouns(text, name.end(), noun, labels)
            of = (_Clause(issuers=((name[0].strip(),),)),) if plural and kinds.ANY not in found else ()
            found = found if of else ()
        if found and (plural or not head.plural):
            yield head, found, of, position


def _nouns(
    text: str, position: int, noun: re.Pattern[str], labels: tuple[str, ...]
) -> tuple[tuple[Kind, ...], int, bool]:
    found: list[Kind] = []
    plural = False
    end = position
    while match := noun.match(text, position):
        kind = kinds.find_kind(match["noun"], labels)
        assert kind is not None, "the pattern holds the table's words only"
        found.append(kind)
        plural = plural or kinds.is_plural(match["noun"], labels)
        end = match.end()
        more = re.compile(r"\s*(?:,|,?\s(?:and|or)\s)\s*", re.I).match(text, end)
        if not more:
            break
        position = more.end()
    return tuple(dict.fromkeys(found)), end, plural


def _clauses(text: str, position: int, today: date, dead: frozenset[int]) -> tuple[_Clause, ...] | None:
    """What the rest of the text says, clause by clause; None when a word of it is not understood."""
    join = _JOIN.match(text, position)
    start = join.end() if join else position
    if start >= len(text):
        return ()
    if start in dead:
        return None
    for clause, end in _candidates(text, start, today):
        if end <= start or (end < len(text) and text[end] not in " ,;" and text[end - 1] != " "):
            continue
        rest = _clauses(text, end, today, dead)
        if rest is not None:
            return (clause, *rest)
    return None


def _candidates(text: str, at: int, today: date) -> Iterator[tuple[_Clause, int]]:
    """Readings of what begins at `at`, the likeliest first."""
    if match := _FILLER.match(text, at):
        yield _Clause(), match.end()
    if match := _COLLECTION.match(text, at):
        yield _Clause(collection=stored(match["a"] or match["b"])), match.end()
    if match := _METADATA.match(text, at):
        yield _Clause(metadata=((match["key"], match["value"].strip('"')),)), match.end()
    yield from _date_clauses(text, at, today)
    if amounts := match_amounts(text, at):
        yield _Clause(amount=amounts[1]), amounts[0]
    if match := _MENTION.match(text, at):
        yield from _terms(text, match.end(), names_only=False)
    if match := _ABOUT.match(text, at):
        yield from _terms(text, match.end(), names_only=True)
    if match := _PARTY.match(text, at):
        role = match["role"].casefold()
        found = _terms(text, match.end(), names_only=True, either=role not in ("between", "with"))
        yield from _issuing(found) if role in ("from", "by") else found
    if match := _DID.match(text, at):
        yield from _issuing(_terms(text, match.end(), names_only=True, behind=_SENT))
    if match := _IS.match(text, at):
        yield from _terms(text, match.end(), names_only=False, behind=_NAMED)


def _issuing(found: Iterator[tuple[_Clause, int]]) -> Iterator[tuple[_Clause, int]]:
    """The same names as those from whom it comes."""
    for clause, end in found:
        yield _Clause(issuers=clause.mentions), end


def _date_clauses(text: str, at: int, today: date) -> Iterator[tuple[_Clause, int]]:
    if match := _UPLOAD.match(text, at):
        if found := match_range(text, match.end(), today):
            yield _Clause(date=DateRange(DateOf.UPLOAD, found[1], found[2])), found[0]
        yield _Clause(upload=True), len(text[: match.end()].rstrip())
    own = _OWN.match(text, at)
    if found := match_range(text, own.end() if own else at, today):
        yield _Clause(date=DateRange(DateOf.DOCUMENT, found[1], found[2])), found[0]


def _terms(
    text: str, at: int, *, names_only: bool, either: bool = False, behind: re.Pattern[str] | None = None
) -> Iterator[tuple[_Clause, int]]:
    """Names or phrases from `at` on, shortest first; `behind` must follow them."""
    if (quoted := _QUOTED.match(text, at)) and not behind:
        yield _Clause(mentions=((quoted["text"].strip(),),)), quoted.end()
    if not names_only and (day := _TIME.match(text, at)) and not behind:
        yield _Clause(mentions=((day[0],),)), day.end()
    for count, match in enumerate(_WORD_END.finditer(text, at + 1)):
        if count >= 2 * MAX_TERM_WORDS:
            return
        terms = _split(text[at : match.start()], names_only)
        end = match.start()
        if terms and behind:
            tail = behind.match(text, end)
            if not tail:
                continue
            end = tail.end()
        if terms:
            groups = (terms,) if either else tuple((term,) for term in terms)
            if re.search(r"\sor\s", text[at : match.start()], re.I):
                groups = (terms,)
            yield _Clause(mentions=groups), end


def _split(words: str, names_only: bool) -> tuple[str, ...]:
    """'Northgate and Solvane' -> both; () when a part is no name or phrase that could be looked for."""
    parts = [_term(part, names_only) for part in _SPLIT.split(words.strip(" ,;"))]
    return tuple(part for part in parts if part) if all(parts) else ()


def _term(words: str, names_only: bool) -> str:
    if quoted := _QUOTED.fullmatch(words):
        return quoted["text"].strip()
    plain = re.sub(r"^(?:the|an?|either|both)\s+(?=\S)", "", words.strip(), flags=re.I)
    name = any(word[0].isupper() or word[0].isdigit() or "@" in word for word in re.findall(r"[^\s\"“”]+", plain))
    count = len(plain.split())
    if not plain or count > MAX_TERM_WORDS or _BAD_TERM.search(plain) or _TIME_WORDS.search(plain):
        return ""
    if len(plain) < 2 and not name:
        return ""
    if names_only and (not name or _TIME.fullmatch(plain)):
        return ""
    return plain if name or count <= PLAIN_WORDS else ""


def _joined(head: Head, found: tuple[Kind, ...], clauses: tuple[_Clause, ...], scope: Filter) -> CorpusQuery | None:
    amounts = [clause.amount for clause in clauses if clause.amount]
    dates = [clause.date for clause in clauses if clause.date]
    if any(clause.upload for clause in clauses):
        # 'uploaded by us since May', 'that were added ... this week': the date that stands apart is the upload's.
        dates = [replace(item, of=DateOf.UPLOAD) for item in dates]
    collections = tuple(clause.collection for clause in clauses if clause.collection)
    if len(amounts) > 1 or len(dates) > 2 or len(collections) > 1:
        return None
    if collections and scope.collections and collections[0] not in scope.collections:
        return None
    narrowed = replace(
        scope,
        collections=collections or scope.collections,
        metadata=(*scope.metadata, *(pair for clause in clauses for pair in clause.metadata)),
    )
    return CorpusQuery(
        wants=head.wants,
        kinds=() if kinds.ANY in found else found,
        mentions=tuple(group for clause in clauses for group in clause.mentions),
        issuers=tuple(group for clause in clauses for group in clause.issuers),
        amount=amounts[0] if amounts else None,
        dates=tuple(dates),
        filter=narrowed,
    )
