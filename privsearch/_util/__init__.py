"""Private helpers for files, text, HTML, signals and the machine, which know nothing of sweeps.

checksums.py     checksums of lines of JSON, which tell those that were changed
collector.py     how often Python's garbage collector is at work
disk.py          files written whole or not at all, and the errors of a disk
ending.py        the end of a process, put off until something is finished
html.py          tables and text for notebooks
interrupts.py    the signals that ask a program to end
interval.py      a value with its confidence interval
lines.py         files that grow by lines, and their damaged lines
machine.py       the cores of this machine, and the errors where its memory runs out
npy.py           single arrays in files, checked before they are read
npz.py           NPZ archives, checked before they are read
numerals.py      numbers as every view writes them
odd_values.py    values that lie far out of the others of their column
postponed.py     modules that are loaded once they are used
system.py        the systems that privsearch runs on
text.py          text cut and escaped for messages, and the nearest valid name
"""
