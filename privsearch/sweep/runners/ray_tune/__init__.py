"""The runner on Ray's workers: a session process follows a scheduler actor, which has Ray Tune start the workers.

runner.py           the runner: session after session of Ray, until all trials are done
open_trials.py      the trials that have no result yet, for a session or from one to the next
session_process.py  the driver's part of a session: a process that is connected to Ray, and may die of it
session_main.py     the session process
session.py          the Ray that trials run on: one of our own, or a cluster
settings.py         ray's settings, to be imported before Ray
watch.py            a watch on the processes of a Ray of our own
capacity.py         the workers that a Ray has room for, and what each of them gets
driver.py           the session's side of the schedule: it sends the trials out, and reports what comes back
heartbeat.py        a check that notices if Ray is gone
pickling.py         a job as it is sent to other processes, with the plugins that it needs
messages.py         the values that the session, the schedule and the workers exchange
relay.py            kept files that travel through Ray, for workers that do not see the study's folder
schedule.py         the trials that are left, and those that are tried again
shards.py           the division of trials into shards, which workers get one at a time
actor.py            the schedule as an actor beside the head of the cluster
leftovers.py        what killed processes leave in the temporary directory
tuning.py           shards as trials of Ray Tune, and the workers that run them
"""
