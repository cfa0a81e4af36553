"""`python -m ingestion.job ID ADDRESS`: one job of the service, its settings as JSON on standard input."""

from __future__ import annotations

import asyncio
import logging
import sys

from ingestion.run import Run, asks_language_model, opened, runner_name, wanted_stages
from ingestion.show import shown
from rag.access.allowed import check_sources, readable
from rag.access.principal import tenant_of
from rag.errors import RedwellError
from rag.intake.ingestions import Ingestion, RunStatus
from rag.settings import Settings

MOST_ATTEMPTS = 5


def main() -> None:
    id, address = sys.argv[1:3]
    settings = Settings.model_validate_json(sys.stdin.read())
    logging.disable(logging.INFO)
    owner = runner_name("service")
    ingestion = asyncio.run(_claim(id, owner, settings))
    if ingestion is None:
        return  # another supervisor was faster, or it was cancelled
    from ingestion import batch

    try:
        check_sources(ingestion.request, readable(settings.ingestion.allow, tenant_of(ingestion.request.collection)))
        stages = wanted_stages(ingestion.request.stages)
        asked = asyncio.run(asks_language_model(stages, settings))
        with batch.cluster(settings, address=address), batch.language_model(settings, asked=asked) as llm:
            asyncio.run(_conduct(ingestion, owner, settings, batch.RayPipeline(settings, llm=llm)))
    except RedwellError as error:
        asyncio.run(_failed(ingestion, error, settings))


async def _claim(id: str, owner: str, settings: Settings) -> Ingestion | None:
    async with opened(settings) as services:
        jobs, lease = services.state.ingestions, settings.analysis.lease_seconds
        # Until Ray is joined nothing renews the lease.
        claimed = await jobs.claim(owner, lease_seconds=lease + 60, id=id)
        if claimed is not None and claimed.attempt > MOST_ATTEMPTS:
            error = RedwellError(f"The job's process died {MOST_ATTEMPTS} times.", "Look at its log in data_dir/jobs.")
            await jobs.end(id, RunStatus.FAILED, error=error.as_dict())
            return None
        return claimed


async def _failed(ingestion: Ingestion, error: RedwellError, settings: Settings) -> None:
    async with opened(settings) as services:
        await services.state.ingestions.end(ingestion.id, RunStatus.FAILED, error=error.as_dict())


async def _conduct(ingestion: Ingestion, owner: str, settings: Settings, pipeline: object) -> None:
    async with opened(settings) as services:
        with shown(ingestion.id, json=True) as tell:
            run = Run(
                ingestion,
                settings,
                pipeline,  # type: ignore[arg-type]
                owner=owner,
                tell=tell,
                services=services,
                allow=readable(settings.ingestion.allow, tenant_of(ingestion.request.collection)),
            )
            await run.run()


if __name__ == "__main__":
    main()
