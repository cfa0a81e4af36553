"""The other side of `redwell bench peer`: txtai, run by an interpreter that has it. Imports nothing of Redwell.

    python peer_txtai.py MODEL_FOLDER < lines

The first line of input is the corpus: [[id, text], ...]. The answer to it is {"seconds": of indexing, "version": ...}. Every line after it
is [question, number]; its answer is {"ids": best first, "texts": their characters, "seconds": of the search}.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import Any


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer

    def tell(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    from txtai import Embeddings

    corpus = json.loads(sys.stdin.readline())
    started = time.perf_counter()
    # Both indexes blended, and the text of what is found: what Redwell gives too. All else as txtai has it.
    index = Embeddings(path=sys.argv[1], hybrid=True, content=True, gpu=False)
    index.index((key, text, None) for key, text in corpus)
    tell({"seconds": time.perf_counter() - started, "version": version("txtai")})
    for line in sys.stdin:
        question, number = json.loads(line)
        started = time.perf_counter()
        found = index.search(question, number)
        seconds = time.perf_counter() - started
        told = {"ids": [row["id"] for row in found], "texts": sum(len(row["text"]) for row in found)}
        tell({**told, "seconds": seconds})


if __name__ == "__main__":
    main()
