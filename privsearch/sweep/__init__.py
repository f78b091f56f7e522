"""From a sweep to recorded results.

advance.py           how far a worker is with a trial: noted while it works, told once a second
attack_plan.py       the plan of more attacks on what is trained
blind.py             the blind baselines of data with a test split of their own
checks.py            checks before a sweep runs: registered parts, datasets, sizes, the study's directory
cohort.py            the networks of a trial: those that are kept are found, the others are trained
cost.py              A rough estimate of a trial's time and size
equal.py             configurations that train the same networks, given the size of their data
export.py            the export of one configuration: a sweep file of its own, and its networks
given.py             outputs of networks trained elsewhere, made into a trial
lookup.py            a trial of a plan, found by its id or by its configuration's name
pace.py              the pace of a machine, measured against the estimates
parts.py             the parts of a long trial, for several workers
plan.py              the plan of a sweep: its trials, those recorded already, the work left
planned.py           A trial compared with the record
private.py           what differential privacy cannot be promised of
probe.py             short trainings that show a machine's pace
racing/              races for networks, whose rounds become trials
remaining.py         the time that a running sweep still takes, learnt from what has finished
reuse.py             checks on recorded results: other versions, changed code, other data
run.py               the run of a sweep's trials, recorded one by one
runners/             trials in this process, or on Ray
search/              the budgeted search, whose proposals become trials
standalone/          a network taken along: a folder that runs without privsearch
splits.py            the splits of a trial's networks, prepared as they are trained on
trained_again.py     the networks of a recorded trial, trained once more and compared with the record
trial.py             the run of one trial: a TrialSpec in, a TrialResult out
"""
