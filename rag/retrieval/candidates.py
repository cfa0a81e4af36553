"""What dense and lexical search found, of one index or of several shards, made one ranking. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rag.model import Hit, Mode
from rag.retrieval.fusion import blend


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunk id -> score, best first. `cosines`: of what only words found: the blend needs both scores."""

    sequence: int
    dense: Mapping[int, float] = field(default_factory=dict)
    lexical: Mapping[int, float] = field(default_factory=dict)
    cosines: Mapping[int, float] = field(default_factory=dict)
    fingerprints: Mapping[int, int] = field(default_factory=dict)
    """Equal for chunks with the same words."""


def merged(parts: Sequence[Candidates], depth: int) -> Candidates:
    """As if one index held the chunks of all parts: the best `depth` of each list. `sequence` is the least one's."""
    if len(parts) == 1:
        return parts[0]
    dense = _best([part.dense for part in parts], depth)
    lexical = _best([part.lexical for part in parts], depth)
    known = {key: score for part in parts for scores in (part.cosines, part.dense) for key, score in scores.items()}
    return Candidates(
        sequence=min(part.sequence for part in parts),
        dense=dense,
        lexical=lexical,
        cosines={key: known[key] for key in lexical if key in known and key not in dense},
        fingerprints={key: value for part in parts for key, value in part.fingerprints.items()},
    )


def ranked(mode: Mode, found: Candidates, top_k: int) -> tuple[Hit, ...]:
    """Best first; of chunks with the same words the best placed one, which names the others in `also`."""
    known = {**found.dense, **found.cosines}
    scores = blend(known, found.lexical) if mode is Mode.HYBRID else found.dense or found.lexical
    dense_rank = {key: rank for rank, key in enumerate(found.dense, 1)}
    lexical_rank = {key: rank for rank, key in enumerate(found.lexical, 1)}
    copies: dict[int, list[int]] = {}
    for key, _ in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        copies.setdefault(found.fingerprints[key], []).append(key)
    return tuple(
        Hit(
            key,
            scores[key],
            known.get(key),
            found.lexical.get(key),
            dense_rank.get(key),
            lexical_rank.get(key),
            also=tuple(others),
        )
        for key, *others in list(copies.values())[:top_k]
    )


def _best(lists: Sequence[Mapping[int, float]], depth: int) -> dict[int, float]:
    together = [item for scores in lists for item in scores.items()]
    return dict(sorted(together, key=lambda item: (-item[1], item[0]))[:depth])
