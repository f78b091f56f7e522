"""privsearch measured on a GPU, by one command on a machine that has torch and no network: `python -m benchmarks.gpu`.

__main__.py     the command: every part in a process of its own, with a time limit; all results in one JSON
fetch.py        the command before it, on a machine with a network: the wheels that the other machine lacks
settings.py     the sizes of a measurement and of its dry run on a processor, and each part's time limit
installed.py    the wheels, put where the parts find them
part.py         the process of one part
environment.py  part: the GPU, its driver, and the versions
gpu_tests.py    part: the tests marked `gpu`
steps.py        part: a training step against those of other libraries
trial.py        part: a whole trial on CIFAR-10
sharing.py      part: trials that share the GPU, against one alone
profiling.py    part: the kernels of a training step, by their time
cifar10.py      the trial of these parts, and its data
device.py       what is asked of a device: to have finished, and how much memory it held
results/        what GPUs have given
"""
