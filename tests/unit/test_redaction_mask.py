"""Prompts and log lines without personal data."""

import structlog

from rag.fakes import FakeEntityRecognizer, FakeGenerator
from rag.model import Message, Token
from rag.redaction.logs import Redactor, redact_logs
from rag.redaction.mask import MaskedGenerator

KINDS = ("PERSON", "EMAIL")


class Pieces:
    model, context_tokens = "pieces", 4096

    def __init__(self, *pieces):
        self.pieces, self.seen = pieces, []

    async def stream(self, messages, *, max_tokens, temperature=0.0, stop=(), schema=None):
        self.seen = [message.content for message in messages]
        for piece in self.pieces:
            yield Token(piece)
        yield Token("", "stop")


async def said(generator, *contents):
    masked = MaskedGenerator(generator, FakeEntityRecognizer(), KINDS)
    messages = [Message("system", "Be brief."), *(Message("user", content) for content in contents)]
    return "".join([token.text async for token in masked.stream(messages, max_tokens=50)])


async def test_the_model_sees_masks_and_the_reader_sees_names():
    model = Pieces("[PER", "SON_1] lives", " with [PERSON_2]", ".")
    text = await said(model, "so Anna Keller and Bob Stone wrote from anna@example.org; then Keller left.")
    assert model.seen[1] == "so [PERSON_1] and [PERSON_2] wrote from [EMAIL_1]; then [PERSON_3] left."
    assert text == "Anna Keller lives with Bob Stone."


async def test_one_text_has_one_mask_over_all_turns():
    model = Pieces("ok")
    await said(model, "is Anna Keller there?", "yes, Anna Keller is")
    assert model.seen[1:] == ["is [PERSON_1] there?", "yes, [PERSON_1] is"]


async def test_brackets_that_are_no_masks_stay():
    assert await said(Pieces("see [1", "] and [PERSON_9] [A"), "hello") == "see [1] and [PERSON_9] [A"


async def test_the_last_piece_keeps_its_usage():
    masked = MaskedGenerator(FakeGenerator(says="fine"), FakeEntityRecognizer(), KINDS)
    tokens = [token async for token in masked.stream([Message("user", "x")], max_tokens=5)]
    assert (tokens[-1].finish_reason, tokens[-1].usage is not None) == ("stop", True)


def test_a_log_line_loses_what_has_a_form():
    event = {"event": "sent to anna@example.org", "document": "a" * 32, "error": {"detail": "bob@example.org"}, "n": 3}
    assert Redactor(KINDS)(None, "info", event) == {
        "event": "sent to [EMAIL]",
        "document": "a" * 32,
        "error": {"detail": "[EMAIL]"},
        "n": 3,
    }


def test_the_redactor_stands_before_the_renderer_and_only_once():
    before = structlog.get_config()["processors"]
    try:
        redact_logs(KINDS)
        redact_logs(KINDS)
        processors = structlog.get_config()["processors"]
        assert [isinstance(one, Redactor) for one in processors].count(True) == 1
        assert processors[-1] is before[-1]
    finally:
        structlog.configure(processors=before)
