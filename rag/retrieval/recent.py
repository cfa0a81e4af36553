"""What an index found for the last questions: a question that comes again meets the same index, unless that has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace

from rag.ports import SearchQuery
from rag.retrieval.candidates import Candidates
from rag.retrieval.lookup import Documents

QUESTIONS = 256
"""Some 40 kB each, 80 at most: 10 to 20 MB."""
FEW_DOCUMENTS = 64
"""A search that is kept to more documents than these is not remembered: to compare their ids takes memory and time as well."""


class Recent:
    """The last `QUESTIONS` answers of an index. `applied`: how many changes the index has been through."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, tuple[int, Candidates]] = OrderedDict()
        self._turn = threading.Lock()

    def find(self, query: SearchQuery, documents: Documents, applied: int, sequence: int) -> Candidates | None:
        """What an index in this state found, told with the `sequence` that it has reached since. None: it has to be asked."""
        key = _key(query, documents)
        with self._turn:
            known = self._found.get(key)
            if known is None or known[0] != applied:
                return None
            self._found.move_to_end(key)
        return replace(known[1], sequence=sequence)

    def keep(self, query: SearchQuery, documents: Documents, applied: int, found: Candidates) -> None:
        key = _key(query, documents)
        if key is None:
            return
        with self._turn:
            self._found[key] = (applied, found)
            self._found.move_to_end(key)
            if len(self._found) > QUESTIONS:
                self._found.popitem(last=False)


def _key(query: SearchQuery, documents: Documents) -> Hashable:
    """Equal for searches that find the same in one state of an index; None: not to be remembered.

    A shard's search (`terms`) is none of these: how frequent words are elsewhere changes without the index that is asked.
    """
    if query.terms is not None or len(documents or ()) > FEW_DOCUMENTS:
        return None
    kept = None if documents is None else tuple(documents)
    return query.text, query.top_k, query.mode, kept, query.filter.collections
