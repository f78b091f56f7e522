"""What is asked of a device: to have finished, and how much memory it held; and to compute as a trial does."""

import resource

import torch


def wait_for(device: str) -> None:
    """Return once the device has computed all that it was given."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def peak_bytes(device: str) -> int:
    """Return the most memory that this process's tensors have held on a GPU, or the whole process on a processor."""
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts it in KiB
    return torch.cuda.max_memory_allocated(device)


def forget_peak(device: str) -> None:
    """Give back the memory that a GPU keeps for later, and have its peak count from now on."""
    if device != "cpu":
        torch.cuda.init()  # a peak can be forgotten from then on
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def compute_as_a_trial() -> None:
    """Have convolutions computed in 32 bits and in the same order each time, from now on, as `train_cohort` does."""
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
