"""What is loaded ahead is all that takes long, and its absence is nobody's fault before it is needed."""

import subprocess
import sys

import pytest

from accord_scenarios import ahead
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.scenario import load

_LATER = """
import sys
for name in sys.argv[1:]:
    __import__(name)
before = set(sys.modules)
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
import accord_scenarios.reference, accord_protocols.preparation.fit
print([name for name in set(sys.modules) - before if name.startswith("sklearn")])
"""


def test_a_module_that_is_not_there_is_left_to_whoever_needs_it() -> None:
    ahead.load(["no_such_module", "also_none"]).join()


@pytest.mark.sweep
def test_nothing_is_left_to_load_once_a_run_is_compared() -> None:
    scenario = load("diabetes", [])
    modules = PLAYED[scenario.job].ahead(scenario)
    later = subprocess.run([sys.executable, "-c", _LATER, *modules], capture_output=True, text=True, check=True)
    assert later.stdout.strip() == "[]"


def test_nothing_is_loaded_for_what_is_not_compared() -> None:
    scenario = load("diabetes", ["evaluate.reference=false"])
    assert PLAYED[scenario.job].ahead(scenario) == ()
