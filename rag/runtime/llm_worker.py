"""vLLM's worker on a CPU: the quickest norms, memory that stays, and as many threads for each step as are quickest. Only vLLM imports
this (`worker_cls`)."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from vllm.config import CompilationMode
from vllm.v1.sample import rejection_sampler
from vllm.v1.worker.cpu_worker import CPUWorker

from rag.runtime import llm_groups, llm_heap, llm_norms
from rag.runtime.step_threads import StepThreads

if TYPE_CHECKING:
    from vllm.v1.core.sched.output import SchedulerOutput
    from vllm.v1.outputs import ModelRunnerOutput


def by_token(
    x: torch.Tensor, cu_num_tokens: torch.Tensor, num_tokens: int, replace_from: int = 0, replace_to: int = 0
) -> torch.Tensor:
    """What each request has (n) -> what each of its speculative tokens has (`num_tokens`), in `x`'s type.

    In the place of vLLM's `expand_batch_to_tokens`, whose kernel for CPUs (0.32) turns temperatures into integers and leaves the result
    unwritten: whatever was in that memory divided the logits, and texts of a temperature above 0 were garbage.
    """
    counts = torch.diff(cu_num_tokens, prepend=cu_num_tokens.new_zeros(1))
    each = torch.where(x == replace_from, torch.full_like(x, replace_to), x)
    return each.repeat_interleave(counts, output_size=num_tokens)


class Worker(CPUWorker):
    """Answers one at a time are written by one thread where that is quicker; prompts are read by all of them."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        rejection_sampler.expand_batch_to_tokens = by_token
        self._threads: StepThreads | None = None

    def init_device(self) -> None:
        if self.parallel_config.world_size == 1:
            llm_groups.use()
        llm_heap.keep_freed()
        super().init_device()
        if self.compilation_config.mode == CompilationMode.NONE:
            llm_norms.use()

    def execute_model(self, scheduler_output: SchedulerOutput) -> ModelRunnerOutput | None:
        if self._threads is None:  # the engine has bound its threads by now
            self._threads = StepThreads(torch.get_num_threads(), workers=self.parallel_config.world_size)
        tokens = scheduler_output.total_num_scheduled_tokens
        threads = self._threads.choose(tokens)
        if threads != torch.get_num_threads():
            torch._C.set_num_threads(threads)  # vLLM replaces `torch.set_num_threads`, which it lets nobody call
        started = perf_counter()
        output = super().execute_model(scheduler_output)
        if tokens:
            self._threads.took(tokens, threads, perf_counter() - started)
        return output
