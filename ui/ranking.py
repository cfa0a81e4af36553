"""A retrieved passage and its scores as HTML. All text is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rag.replies.documents import Result
from ui.words import say


def result_html(result: Result, query: str = "") -> str:
    heading = f"<b>{escape(result.heading)}</b>" if result.heading else ""
    return f'<div class="rw-result">{heading}<p>{emphasised(result.text, query)}</p></div>'


def emphasised(text: str, query: str) -> str:
    """Escaped text with the query's words in bold."""
    words = sorted({re.escape(word) for word in re.findall(r"\w{4,}|\d{2,}", query)}, key=len, reverse=True)
    shown = " ".join(text.split())
    if not words:
        return escape(shown)
    parts = re.split(rf"\b({'|'.join(words)})\b", shown, flags=re.IGNORECASE)
    return "".join(f"<strong>{escape(part)}</strong>" if at % 2 else escape(part) for at, part in enumerate(parts))


def ranks_html(result: Result, best: Result) -> str:
    """Fused, dense and lexical scores as bars, each relative to the best of its kind in `best`."""
    rows = (
        (say("Fused"), result.score, best.score, None),
        (say("Dense"), result.dense, best.dense, result.dense_rank),
        (say("Lexical"), result.lexical, best.lexical, result.lexical_rank),
    )
    return f'<div class="rw-scores">{"".join(_score(*row) for row in rows)}</div>'


def best_scores(results: Sequence[Result]) -> Result:
    """A result that holds the highest score of each kind."""
    return Result(
        "",
        1,
        0,
        0,
        score=max((r.score for r in results), default=0.0),
        dense=max((r.dense for r in results if r.dense is not None), default=None),
        lexical=max((r.lexical for r in results if r.lexical is not None), default=None),
    )


def _score(name: str, value: float | None, best: float | None, rank: int | None) -> str:
    if value is None:
        return f'<div class="rw-none"><span>{name}</span><em><i style="width:0"></i></em><b>–</b></div>'
    share = max(0.0, min(value / best, 1.0)) if best and best > 0 else 0.0
    place = f' <small title="{escape(say("rank in this index"))}">#{rank}</small>' if rank is not None else ""
    return f'<div><span>{name}</span><em><i style="width:{100 * share:.0f}%"></i></em><b>{value:.3g}{place}</b></div>'
