"""Cards shared by several processes: shares that add up, and a cap on what each process may take of its card's memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rag.errors import ConfigurationError
from rag.settings import Scaling, Settings


@dataclass(frozen=True, slots=True)
class Claim:
    """What one deployment takes of cards."""

    name: str
    gpus: float
    """Of one worker: part of a card, or whole cards."""
    workers: int
    replicas: int
    memory: float
    """Most of one card's memory that a worker takes, as a share of the card."""

    @property
    def cards(self) -> float:
        return self.gpus * self.workers * self.replicas


def claims(settings: Settings) -> list[Claim]:
    """One a deployment that is on cards, at its smallest number of replicas: what must fit before anything starts."""
    small = {
        "entities": settings.entities.scaling,
        "classifying": settings.classifying.scaling,
        "embedding": settings.embedding.scaling,
    }
    if settings.reranking.model and not settings.reranking.base_url:
        small["reranking"] = settings.reranking.scaling
    # A candidate is a deployment of its own, with the share of the one that it stands beside.
    if settings.entities.candidate:
        small["entities.candidate"] = settings.entities.scaling
    if settings.classifying.candidate:
        small["classifying.candidate"] = settings.classifying.scaling
    found = [_small(name, scaling) for name, scaling in small.items() if scaling.gpus > 0]
    if settings.retrieval.scaling.gpus > 0:
        found.append(_small("retrieval", settings.retrieval.scaling, copies=settings.retrieval.shards))
    answering = {"llm": settings.llm, **{f"models.{key}": own for key, own in settings.models.items()}}
    for name, llm in answering.items():
        if llm.scaling.gpus > 0 and not llm.base_url and not llm.lora:
            workers = llm.tensor_parallel * llm.pipeline_parallel
            replicas = max(1, llm.scaling.min_replicas)
            found.append(Claim(name, llm.scaling.gpus, workers, replicas, llm.gpu_memory_utilization))
    return found


def _small(name: str, scaling: Scaling, *, copies: int = 1) -> Claim:
    return Claim(name, scaling.gpus, 1, copies * max(1, scaling.min_replicas), min(1.0, scaling.gpus))


def check_shares(settings: Settings, *, cards: float | None) -> None:
    """Raises ConfigurationError when a share is none that Ray can give, when vLLM would take more of a card than its share,
    or when all of it together is more than the `cards` there are (None: not known, as where nodes are added on demand)."""
    for problem, remedy in _problems(settings, cards):
        raise ConfigurationError(problem, remedy)


def _problems(settings: Settings, cards: float | None) -> Iterator[tuple[str, str]]:
    wanted = claims(settings)
    for claim in wanted:
        if claim.gpus > 1 and claim.gpus != int(claim.gpus):
            yield (
                f"{claim.name}.scaling.gpus is {claim.gpus:g}: Ray gives a part of one card or whole cards.",
                "Set it below 1, or to a whole number.",
            )
        if claim.gpus < 1 and claim.memory > claim.gpus + 1e-9:
            yield (
                f"vLLM may take {claim.memory:.0%} of a card's memory and has {claim.gpus:.0%} of the card: "
                "others are placed in the rest.",
                "Set llm.gpu_memory_utilization to at most llm.scaling.gpus.",
            )
    total = sum(claim.cards for claim in wanted)
    if cards is not None and total > cards + 1e-9:
        parts = ", ".join(f"{claim.name} {claim.cards:g}" for claim in wanted)
        yield (
            f"The settings ask for {total:g} cards ({parts}), and there are {cards:g}.",
            "Lower scaling.gpus or min_replicas, or plan it: redwell plan.",
        )


def cap_memory(share: float) -> None:
    """Let PyTorch and CuPy in this process take at most `share` of the card's memory: past it they raise, instead of
    starving the others on the card. Libraries that are not there are passed over."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(min(1.0, share))
    try:
        import cupy
    except ImportError:
        return
    cupy.get_default_memory_pool().set_limit(fraction=min(1.0, share))
