"""The runner on Ray's workers: the driver follows a scheduler actor, which has Ray Tune start the workers.

runner.py     the runner: session after session of Ray, until all trials are done
session.py    the Ray that trials run on: one of our own, or a cluster
settings.py   ray's settings, to be imported before Ray
driver.py     the driver's side: it sends the trials out, and reports what comes back
heartbeat.py  a check that notices if Ray is gone
pickling.py   a job as it is sent to the workers, with the plugins that it needs
messages.py   the values that the driver, the schedule and the workers exchange
schedule.py   the trials that are left, and those that are tried again
shards.py     the division of trials into shards, which workers get one at a time
actor.py      the schedule as an actor beside the head of the cluster
leftovers.py  what killed processes leave in the temporary directory
tuning.py     shards as trials of Ray Tune, and the workers that run them
"""
