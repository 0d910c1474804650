#!/usr/bin/env bash
# Ray: what is called after ray.shutdown() begins another cluster. Not only Class.remote() of a class that was decorated before: even
# ray.kill() of an actor that died with the last one starts a head node, with all processors of the machine and none of the options
# that the program had given to ray.init(), and then fails because the actor is of another session. Whatever still cleans up when
# the program leaves a cluster (a coroutine that is cancelled, a callback) has to ask ray.is_initialized() first.
# Seen with ray 2.60.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/python -m pip install -q --disable-pip-version-check ray==2.60.0
cat > after.py <<'PY'
import logging
import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray

QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}


@ray.remote
class Worker:
    def ready(self):
        return True


def processors():
    return int(ray.cluster_resources()["CPU"])


ray.init(address="local", num_cpus=1, **QUIET)
first = Worker.remote()
assert ray.get(first.ready.remote()) and processors() == 1
ray.shutdown()
assert not ray.is_initialized()
try:
    ray.kill(first)
    raised = "nothing"
except Exception as error:
    raised = type(error).__name__
killed = ray.is_initialized(), processors()
ray.shutdown()
second = Worker.remote()
made = ray.is_initialized(), processors()
ray.shutdown()
print(f"ray {ray.__version__}: kill after the end raised {raised}; a cluster is up: {killed[0]}, of {killed[1]} processors instead of 1")
print(f"remote after the end: a cluster is up: {made[0]}, of {made[1]}")
sys.exit(not (killed[0] and made[0] and killed[1] == made[1] == os.cpu_count() and raised == "ActorHandleNotFoundError"))
PY
venv/bin/python after.py
