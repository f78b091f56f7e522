"""From a sweep to recorded results.

attack_plan.py       the plan of more attacks on what is trained
blind.py             the blind baselines of data with a test split of their own
checks.py            checks before a sweep runs: registered parts, datasets, sizes, the study's directory
cost.py              A rough estimate of a trial's time and size
export.py            the export of one configuration: a sweep file of its own, and its networks
lookup.py            a trial of a plan, found by the beginning of its id
pace.py              the pace of a machine, measured against the estimates
plan.py              the plan of a sweep: its trials, those recorded already, the work left
planned.py           A trial compared with the record
probe.py             short trainings that show a machine's pace
racing/              races for networks, whose rounds become trials
reuse.py             checks on recorded results: other versions, changed code, other data
run.py               the run of a sweep's trials, recorded one by one
runners/             trials in this process, or on Ray
search/              the budgeted search, whose proposals become trials
trial.py             the run of one trial: a TrialSpec in, a TrialResult out
"""
