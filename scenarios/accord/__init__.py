"""Accord from Python: what the commands `accord run`, `psi`, `overlap`, `predict`, `replay` and `evidence verify` do.

    import accord

    run = accord.run("diabetes", out="first")
    run.metrics, run.coefficients["clinic"], run.predictions["prediction"][:3]

What a command ends with as an exit code is an exception here: `UsageError` (2), `RefusedError` (3), `TamperError` (4),
`NotCompletedError` (1), each with `exit_code` and, where there is one, the result. See docs/python.md.
"""

from accord_scenarios.api.calls import copy, overlap, predict, psi, replay, resume, run, verify
from accord_scenarios.api.errors import NotCompletedError, RefusedError
from accord_scenarios.api.results import Proof, Replay, Run
from accord_scenarios.api.table import Table
from accord_schemas.errors import AccordError, TamperError, UsageError

__all__ = [
    "AccordError",
    "NotCompletedError",
    "Proof",
    "RefusedError",
    "Replay",
    "Run",
    "Table",
    "TamperError",
    "UsageError",
    "copy",
    "overlap",
    "predict",
    "psi",
    "replay",
    "resume",
    "run",
    "verify",
]
