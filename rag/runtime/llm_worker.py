"""vLLM's worker on a CPU, with as many threads for each step as are quickest. Only vLLM imports this (`worker_cls`)."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import torch
from vllm.v1.worker.cpu_worker import CPUWorker

from rag.runtime.step_threads import StepThreads

if TYPE_CHECKING:
    from vllm.v1.core.sched.output import SchedulerOutput
    from vllm.v1.outputs import ModelRunnerOutput


class Worker(CPUWorker):
    """Answers one at a time are written by one thread where that is quicker; prompts are read by all of them."""

    _threads: StepThreads | None = None

    def execute_model(self, scheduler_output: SchedulerOutput) -> ModelRunnerOutput | None:
        if self._threads is None:  # the engine has bound its threads by now
            self._threads = StepThreads(torch.get_num_threads())
        tokens = scheduler_output.total_num_scheduled_tokens
        threads = self._threads.choose(tokens)
        if threads != torch.get_num_threads():
            torch._C.set_num_threads(threads)  # vLLM replaces `torch.set_num_threads`, which it lets nobody call
        started = perf_counter()
        output = super().execute_model(scheduler_output)
        if tokens:
            self._threads.took(tokens, threads, perf_counter() - started)
        return output
