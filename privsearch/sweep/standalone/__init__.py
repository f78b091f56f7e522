"""A network of a study taken along: a folder that runs without privsearch (docs/export.md).

source.py     the trial that it is written from, and its files
folder.py     the folder, written and checked
code.py       its program, filled into templates/model.py.j2
inputs.py     how raw data become inputs, as JSON
weights.py    weights and biases as safetensors
graph.py      the formats of graphs beside it, and why another cannot be
agreement.py  what the program answers, held against the network itself
readme.py     its README: what the networks are, saw and leak
retrained.py  one network trained on all data
"""
