"""The kernels of our training step by their time, on a processor the operations: what to make faster."""

import time
from functools import partial
from typing import Any, Final

from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu.device import compute_as_a_trial, wait_for
from benchmarks.gpu.settings import Settings
from benchmarks.rows.training_steps import Size, our_step

MOST: Final = 25
"""The kernels and operations that are listed."""

STEPS: Final = {
    "fp32": our_step,
    "bf16": partial(our_step, precision="bf16"),
    "weights of 4 bits, membranes of 8": partial(our_step, weight_bit_width=4, act_bit_width=8),
}


def measure(settings: Settings) -> dict[str, Any]:
    """Profile a few steps of each kind."""
    compute_as_a_trial()
    return {name: _profiled(step, settings) for name, step in STEPS.items()}


def _profiled(step: Any, settings: Settings) -> dict[str, Any]:
    work = step(quick=False, size=Size(settings.batch, settings.num_steps, settings.device))
    for _ in range(settings.warm_up):
        work()
    wait_for(settings.device)
    on_gpu = settings.device != "cpu"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities) as profiler:
        started = time.perf_counter()
        for _ in range(settings.profiled_steps):
            work()
        wait_for(settings.device)
        wall = time.perf_counter() - started
    events, steps = profiler.key_averages(), settings.profiled_steps
    key = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    # On a GPU an operation's time is that of its kernels, which are listed too.
    kernels = [event for event in events if (event.device_type.name != "CPU") == on_gpu]
    return {
        "wall_s_per_step": wall / steps,  # longer than without the profiler
        "busy_s_per_step": sum(getattr(event, key) for event in kernels) / 1e6 / steps,
        "launched_per_step": sum(event.count for event in kernels) / steps,
        "top": [
            {
                "name": event.key,
                "calls_per_step": event.count / steps,
                "us_per_step": getattr(event, key) / steps,
            }
            for event in sorted(kernels, key=lambda event: -getattr(event, key))[:MOST]
        ],
        "table": events.table(sort_by=key, row_limit=MOST, max_name_column_width=80),
    }
