"""What can be asked over the protocol: the pipeline and the models behind it, each with its tensors."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rag.answer import AskRequest, complete
from rag.errors import InvalidInput, NotFound
from rag.inference.tensors import InferRequest, Tensor, numbers, texts
from rag.model import Answer, Filter, Message, Page, Source
from rag.rollouts.choose import in_charge
from rag.runtime.concurrency import bounded
from rag.services import Services

PIPELINE = "redwell"
AT_ONCE = 4
"""Questions or prompts of one request that are under way together."""
MOST_GENERATED = 64
"""Questions or prompts in one request."""
Run = Callable[[InferRequest], Awaitable[list[Tensor]]]


@dataclass(frozen=True, slots=True)
class Spec:
    name: str
    datatype: str = "BYTES"
    shape: tuple[int, ...] = (-1,)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    version: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    run: Run

    def metadata(self) -> dict[str, Any]:
        """What KServe's clients read; a question is a BYTES tensor of any length."""
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": PIPELINE,
            "inputs": [_described(spec) for spec in self.inputs],
            "outputs": [_described(spec) for spec in self.outputs],
        }


def models(services: Services) -> dict[str, Model]:
    """By name, the pipeline first."""
    found = [
        Model(
            PIPELINE,
            "1",
            (Spec("question"), Spec("collection", shape=(1,), optional=True)),
            (Spec("answer"), Spec("found", "BOOL"), Spec("citations"), Spec("model")),
            lambda request: _ask(request, services),
        ),
        Model(
            "embedder",
            services.embedder.version,
            (Spec("text"),),
            (Spec("embedding", "FP32", (-1, services.embedder.dimensions)),),
            lambda request: _embed(request, services),
        ),
        Model(
            "entities",
            services.entities.version,
            (Spec("text"),),
            (Spec("entities"),),
            lambda request: _entities(request, services),
        ),
        Model(
            "classifier",
            services.classifier.version,
            (Spec("text"),),
            (Spec("label"), Spec("score", "FP32"), Spec("scores")),
            lambda request: _classify(request, services),
        ),
        Model(
            "llm",
            services.generator.model,
            (Spec("prompt"),),
            (Spec("text"), Spec("model")),
            lambda request: _generate(request, services),
        ),
    ]
    if services.reranker is not None:
        found.append(
            Model(
                "reranker",
                services.settings.reranking.model,
                (Spec("query", shape=(1,)), Spec("text")),
                (Spec("score", "FP32"),),
                lambda request: _rerank(request, services),
            )
        )
    return {model.name: model for model in found}


def find(name: str, services: Services, version: str = "") -> Model:
    """Raises NotFound."""
    known = models(services)
    if name not in known or (version and version != known[name].version):
        raise NotFound(f"There is no model '{name[:60]}' {version[:60]}".rstrip() + ".", f"Models: {', '.join(known)}.")
    return known[name]


async def infer(model: Model, request: InferRequest) -> dict[str, Any]:
    """The protocol's answer. Raises InvalidInput and what the model raises."""
    known = {spec.name: spec for spec in model.inputs}
    for tensor in request.inputs.values():
        spec = known.get(tensor.name)
        if spec is None or spec.datatype != tensor.datatype:
            wanted = ", ".join(f"{spec.name} ({spec.datatype})" for spec in model.inputs)
            raise InvalidInput(
                f"'{model.name}' has no input '{tensor.name}' of {tensor.datatype}.", f"Inputs: {wanted}."
            )
    for spec in model.inputs:
        if spec.name not in request.inputs and not spec.optional:
            raise InvalidInput(f"The input '{spec.name}' is missing.", f"GET /v2/models/{model.name} describes them.")
    outputs = await model.run(request)
    if unknown := set(request.outputs) - {tensor.name for tensor in outputs}:
        raise InvalidInput(f"'{model.name}' has no output '{min(unknown)}'.", "Leave `outputs` out to get all.")
    shown = [tensor.as_dict() for tensor in outputs if not request.outputs or tensor.name in request.outputs]
    reply = {"model_name": model.name, "model_version": model.version, "outputs": shown}
    return reply | ({"id": request.id} if request.id else {})


async def _ask(request: InferRequest, services: Services) -> list[Tensor]:
    questions = _generated(request, "question")
    given = request.inputs.get("collection")
    scope = Filter(collections=tuple(given.data)) if given else Filter()
    session = request.parameters.get("session")

    async def one(question: str) -> Answer:
        if not question.strip() or len(question) > services.settings.limits.question_chars:
            raise InvalidInput(
                f"A question has {len(question)} characters.",
                f"1 to {services.settings.limits.question_chars} (limits.question_chars).",
            )
        model = request.parameters.get("model")
        asked = AskRequest(
            question.strip(), scope, model=model and str(model), session=str(session) if session else None
        )
        return await complete(asked, services)

    answers = await bounded((one(question) for question in questions), at_once=AT_ONCE)
    cited = [json.dumps([asdict(citation) for citation in answer.citations], ensure_ascii=False) for answer in answers]
    return [
        texts("answer", [answer.answer for answer in answers]),
        Tensor("found", "BOOL", (len(answers),), tuple(answer.found for answer in answers)),
        texts("citations", cited),
        texts("model", [answer.model for answer in answers]),
    ]


async def _embed(request: InferRequest, services: Services) -> list[Tensor]:
    return [numbers("embedding", await services.embedder.embed(request.inputs["text"].data))]


async def _entities(request: InferRequest, services: Services) -> list[Tensor]:
    pages = [
        Page(number, 0.0, 0.0, text, Source.TEXT_LAYER) for number, text in enumerate(request.inputs["text"].data, 1)
    ]
    found = await services.entities.recognize(pages) if pages else []
    rows = [
        [{"text": e.text, "type": e.type, "start": e.start, "end": e.end, "norm": e.norm} for e in page]
        for page in found
    ]
    return [texts("entities", [json.dumps(row, ensure_ascii=False) for row in rows])]


async def _classify(request: InferRequest, services: Services) -> list[Tensor]:
    given = request.inputs["text"].data
    found = await services.classifier.classify(given) if given else []
    scores = [json.dumps({label.label: label.score for label in one.scores}, ensure_ascii=False) for one in found]
    return [
        texts("label", [one.label for one in found]),
        numbers("score", np.array([one.score for one in found], np.float32)),
        texts("scores", scores),
    ]


async def _rerank(request: InferRequest, services: Services) -> list[Tensor]:
    assert services.reranker is not None, "models() names it only where it is there"
    [query, *more] = request.inputs["query"].data or ("",)
    if more or not query:
        raise InvalidInput("There must be one query.", "Send it with the shape [1].")
    scores = await services.reranker.rerank(query, request.inputs["text"].data)
    return [numbers("score", np.array(scores, np.float32))]


async def _generate(request: InferRequest, services: Services) -> list[Tensor]:
    """Parameters: model, max_tokens, temperature."""
    own = services.settings.llm
    asked = request.parameters
    try:
        most, heat = int(asked.get("max_tokens", own.answer_tokens)), float(asked.get("temperature", own.temperature))
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"A parameter is no number: {error}", "Correct max_tokens or temperature.") from error
    if not 1 <= most <= own.max_model_len or not 0 <= heat <= 2:
        raise InvalidInput(
            "A parameter is out of range.", f"max_tokens: 1 to {own.max_model_len}; temperature: 0 to 2."
        )
    named = asked.get("model")

    async def one(prompt: str) -> tuple[str, str]:
        chosen = (await in_charge(services, model=named and str(named))).generator
        pieces = chosen.stream([Message("user", prompt)], max_tokens=most, temperature=heat)
        text = "".join([token.text async for token in pieces])
        return text, chosen.model

    said = await bounded((one(prompt) for prompt in _generated(request, "prompt")), at_once=AT_ONCE)
    return [texts("text", [text for text, _ in said]), texts("model", [model for _, model in said])]


def _generated(request: InferRequest, name: str) -> tuple[str, ...]:
    given: tuple[str, ...] = request.inputs[name].data
    if len(given) > MOST_GENERATED:
        raise InvalidInput(f"'{name}' has {len(given)} elements.", f"At most {MOST_GENERATED} in one request.")
    return given


def _described(spec: Spec) -> Mapping[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
