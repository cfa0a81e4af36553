"""Describes the application to Serve in a process of its own, which ends when all of it is healthy (rag.deploy starts it).

Describing the Llm loads vLLM: half a gigabyte that `redwell serve` would keep as long as it runs. Settings come as JSON on standard
input; what went wrong is the last line of standard output, as a RedwellError's JSON.
"""

from __future__ import annotations

import json
import logging
import sys

from rag.errors import RedwellError
from rag.runtime.loopback import join_ray_here
from rag.settings import Settings


def main() -> None:
    settings = Settings.model_validate_json(sys.stdin.read())
    logging.disable(logging.INFO)
    join_ray_here(settings.server.ray_address)
    from rag import deploy

    try:
        deploy.upgrade(settings)
    except RedwellError as error:
        sys.stdout.write(f"\n{json.dumps(error.as_dict())}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
