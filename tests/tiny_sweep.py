"""A sweep of four trials that take a moment each."""

from typing import Final

TINY_SWEEP: Final = """\
name: tiny
datasets: [iris]
protocol: {kind: paper, replicates: 2, placebo_cuts: 2}
grids:
  precision:
    model: [ann, snn]
    weight_bit_width: [null]
    act_bit_width: [null, 4]
recipe: {epochs: 1, batch_size: 64, num_steps: 3}
"""
