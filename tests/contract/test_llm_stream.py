"""What the language model's engine writes becomes pieces, its errors ours, and it stops when nobody reads on."""

from types import SimpleNamespace

import pytest
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.exceptions import EngineDeadError

from rag.errors import InvalidInput, Unavailable
from rag.runtime.llm_stream import Writer

TURNS = [{"role": "user", "content": "Where?"}]


class PlayedEngine:
    """AsyncLLM as `written` asks it: `outputs` are (text, tokens, reason), or an error."""

    def __init__(self, *outputs, defaults=None):
        self._outputs = outputs
        self.model_config = SimpleNamespace(get_diff_sampling_param=lambda: defaults or {})
        self.closed = False

    def get_tokenizer(self):
        return SimpleNamespace(apply_chat_template=lambda turns, **named: list(range(9)))

    async def generate(self, prompt, options, request_id, *, lora_request):
        self.asked = SimpleNamespace(prompt=prompt, options=options, lora=lora_request)
        try:
            for output in self._outputs:
                if isinstance(output, Exception):
                    raise output
                text, tokens, reason = output
                made = SimpleNamespace(text=text, token_ids=list(range(tokens)), finish_reason=reason)
                yield SimpleNamespace(outputs=[made], finished=reason is not None)
        finally:
            self.closed = True


async def pieces(engine, **named):
    return [piece async for piece in Writer(engine).written(TURNS, **{"max_tokens": 5, "temperature": 0.0, **named})]


async def test_pieces_carry_text_and_the_last_one_the_reason_and_the_counts():
    engine = PlayedEngine(("Par", 1, None), ("", 1, None), ("is", 2, "length"))
    assert await pieces(engine) == [("Par", None, 0, 0), ("is", "length", 9, 4)]
    assert engine.asked.prompt["prompt_token_ids"] == list(range(9))


async def test_the_engine_is_told_what_was_asked():
    engine, schema = PlayedEngine(("x", 1, "stop")), {"type": "object"}
    await pieces(engine, max_tokens=7, temperature=0.5, stop=["\n"], schema=schema, lora="an adapter")
    options = engine.asked.options
    assert (options.max_tokens, options.temperature, options.stop) == (7, 0.5, ["\n"])
    assert options.structured_outputs.json == schema
    assert options.output_kind == RequestOutputKind.DELTA
    assert engine.asked.lora == "an adapter"


async def test_what_the_model_is_delivered_with_counts_but_for_the_temperature():
    defaults = {"repetition_penalty": 1.2, "top_p": 0.8, "top_k": 20, "temperature": 0.9, "max_tokens": 3}
    engine = PlayedEngine(("x", 1, "stop"), defaults=defaults)
    await pieces(engine, temperature=0.5)
    options = engine.asked.options
    assert (options.repetition_penalty, options.top_p, options.top_k) == (1.2, 0.8, 20)
    assert (options.temperature, options.max_tokens) == (0.5, 5)
    assert options.structured_outputs is None


async def test_the_engine_stops_when_nobody_reads_on():
    engine = PlayedEngine(("Par", 1, None), ("is", 1, "stop"))
    made = Writer(engine).written(TURNS, max_tokens=5, temperature=0.0)
    assert await anext(made) == ("Par", None, 0, 0)
    assert not engine.closed
    await made.aclose()
    assert engine.closed


@pytest.mark.parametrize(
    ("error", "ours", "says"),
    [(EngineDeadError(), Unavailable, "ended"), (ValueError("maximum context length is 4096"), InvalidInput, "4096")],
)
async def test_errors_of_the_engine_are_ours(error, ours, says):
    with pytest.raises(ours, match=says):
        await pieces(PlayedEngine(("Par", 1, None), error))
