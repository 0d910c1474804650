#!/usr/bin/env bash
# numba: two processes that compile the same cached function for two types at once can leave one's code under the other's name. A
# cache=True function has an index and one file per signature; saving reads the index, takes the next free number, writes the index
# and then the file, with no lock. Whoever comes later and asks for the one type is given the code of the other, without a warning:
# 2.5 + 2.5 is 4 below, because the code is that of whole numbers. The order of the four steps is forced here by waiting where
# numba says what it does (NUMBA_DEBUG_CACHE); nothing of numba is replaced. A file lock around loading and saving helps.
# Seen with numba 0.68.1.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/python -m pip install -q --disable-pip-version-check numba==0.68.1
cat > kept.py <<'PY'
import builtins
import os
import sys

said = print


def slowly(*words, **options):
    """As print; after a step of numba's cache it waits for a line."""
    text = " ".join(map(str, words))
    if text.startswith("[cache]"):
        said("step", text.split(" from ")[0].split(" to ")[0], flush=True)
        if "WAITS" in os.environ:
            sys.stdin.readline()


builtins.print = slowly
import numba


@numba.njit(cache=True)
def doubled(x):
    return x + x


def main():
    kind, text = sys.argv[1:]
    said("answer", doubled({"int": int, "float": float, "complex": complex}[kind](text)), flush=True)
PY
cat > call.py <<'PY'
import kept

kept.main()
PY
cat > race.py <<'PY'
import os
import subprocess
import sys

import numba

COMMAND = [sys.executable, "call.py"]
CACHE = {**os.environ, "NUMBA_CACHE_DIR": "cache", "NUMBA_DEBUG_CACHE": "1"}


def alone(*arguments):
    done = subprocess.run([*COMMAND, *arguments], env=CACHE, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


class Slow:
    """A process that goes on step by step."""

    def __init__(self, *arguments):
        pipe, env = subprocess.PIPE, CACHE | {"WAITS": "1"}
        self.process = subprocess.Popen([*COMMAND, *arguments], env=env, stdin=pipe, stdout=pipe, text=True)

    def until(self, what, times=1):
        """Up to a step, which it has taken and said; the one that it stood at is gone on from."""
        while times:
            line = self.process.stdout.readline()
            assert line, "it has ended"
            if line.startswith("step"):
                times -= what in line
                if times:
                    self.on()

    def on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        self.process.communicate("\n" * 9)


alone("complex", "1")
whole, fraction = Slow("int", "2"), Slow("float", "2.5")
for process in (whole, fraction):
    process.until("index loaded", 2)  # for the second time: it has compiled and is about to save
whole.on()
whole.until("index saved")
fraction.end()
whole.end()
found = alone("float", "2.5")
print(f"numba {numba.__version__}: 2.5 + 2.5 is {found} by what is kept")
sys.exit(float(found) != 4.0)
PY
venv/bin/python race.py
