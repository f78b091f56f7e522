"""The memory of two workers that both hold all of CIFAR-10: mapped and shared, or as a copy for each.

    PRIVSEARCH_DATA_DIR=... python benchmarks/dataset_memory.py

Each process loads both splits, touches every page and waits for the other; then each reads its own
/proc/self/smaps_rollup, which Linux alone has. RSS counts a page in every process that has it, PSS divides it among
them: the sum of the PSS is the cost to the machine. 'grown' is the difference to the process before it loaded.
Measured with 2 workers, in MiB:

    shared: RSS 177, PSS 88 in each process, PSS of both 176
    copied: RSS 882, PSS 803 in each process, PSS of both 1606 (including the mapped file, which is read once)
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

import torch

from privsearch.data.splits import Splits, load_splits

WORKERS: Final = 2


def shared() -> object:
    """Load the splits as every trial does: 8 bits a pixel, mapped from one file."""
    splits = _load()
    for x in (splits.x_train, splits.x_test):
        x.max()
    return splits


def copied() -> object:
    """Load the splits as is usually done instead: each process's own inputs in 32-bit floats."""
    splits = _load()
    return [x.float().div_(255).sub_(0.5).div_(0.5) for x in (splits.x_train, splits.x_test)]


def _load() -> Splits:
    return load_splits("cifar10", seed=0, train_size=None, test_size=None)


def memory() -> dict[str, float]:
    """Read this process's RSS and PSS in MiB."""
    rows = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()]
    return {row[0][:-1]: int(row[1]) / 1024 for row in rows if row[0] in {"Rss:", "Pss:"}}


def _worker(load: Callable[[], object], barrier: Barrier, results: "multiprocessing.Queue[dict[str, float]]") -> None:
    """Measure the memory that `load` adds to this process while the others hold their splits."""
    torch.set_num_threads(1)
    barrier.wait()
    before = memory()
    barrier.wait()
    held = load()
    barrier.wait()
    after = memory()
    barrier.wait()
    del held
    results.put({key: after[key] - before[key] for key in after})


def main() -> None:
    """Measure both ways of loading, and print their memory."""
    context = multiprocessing.get_context("spawn")
    _load()  # the files are checked and prepared beforehand
    for load in (shared, copied):
        barrier, results = context.Barrier(WORKERS), context.Queue()
        workers = [context.Process(target=_worker, args=(load, barrier, results)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        grown = [results.get() for _ in workers]
        for worker in workers:
            worker.join()
        each = ", ".join(f"RSS {g['Rss']:.0f} PSS {g['Pss']:.0f}" for g in grown)
        total = sum(g["Pss"] for g in grown)
        print(f"{load.__name__}: MiB grown in each process: {each}; PSS of both: {total:.0f}")  # noqa: T201  # a script's output


if __name__ == "__main__":
    main()
