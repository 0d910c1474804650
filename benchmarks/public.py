"""Rounds and accuracy on public data: ``python -m benchmarks.public DATA [--levels shared closed] [--only breast …]``.

DATA is a folder of FATE's examples: ``breast``, ``default_credit``, ``dvisits`` and ``motor``, each with a file of the
guest, who has the label, and of one host or two. Each line is a whole run of agents on this machine beside
scikit-learn on the joined rows: rounds until the tolerance, the largest error of a coefficient, the metric of each.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.played import run

DATA = {
    "breast": ("y", ("logistic",), 0.01),
    "default_credit": ("y", ("logistic",), 0.001),
    "dvisits": ("doctorco", ("linear", "poisson"), 0.001),
    "motor": ("motor_speed", ("linear",), 0.001),
}
"""By folder: its label, the models that are fitted, and l2."""
METRIC = {"logistic": "auc", "poisson": "deviance", "linear": "rmse"}
OPTIMISER = {"shared": "lbfgs", "score": "lbfgs", "closed": "newton"}


def parties(folder: Path, label: str) -> dict[str, Any]:
    """The guest as label holder, the hosts by name."""
    (guest,) = folder.glob("*_guest.csv")
    found: dict[str, Any] = {}
    for name, path in zip(("bank", "shop", "telco"), [guest, *sorted(folder.glob("*_host*.csv"))], strict=False):
        with path.open() as file:
            key = file.readline().partition(",")[0].strip()
        role = {"label": label} if path == guest else {}
        found[name] = {
            "role": "feature_holder" if path != guest else "label_holder",
            "data": {"csv": str(path), "id": key, **role},
        }
    return found


def scenario(folder: Path, label: str, model: str, level: str, l2: float) -> dict[str, Any]:
    """A training to tolerance 1e-5."""
    train = {"model": model, "protection": level, "optimiser": OPTIMISER[level], "l2": l2, "tolerance": 1e-5}
    return {
        "name": f"{folder.name}-{model}-{level}",
        "parties": parties(folder, label),
        "align": {"max_overlap": None, "protocol": "ot"},
        "train": {**train, "engine": "lattice", "max_rounds": 200},
        "evaluate": {"test_rows": {"hash_modulus": 5, "equals": 0}, "reference": True},
    }


def line(name: str, model: str, level: str, result: Mapping[str, Any]) -> str:
    """Of the table."""
    metric, reference = METRIC[model], result["reference"]
    seconds = sum(result["seconds"][phase] or 0.0 for phase in ("prepare", "offline", "train"))
    cells = [name, str(len(result["parties"])), model, level, str(result["rounds"])]
    cells += [f"{reference['max_coefficient_error']:.1e}", f"{metric} {result['metrics'][metric]:.5f}"]
    cells += [f"{reference[metric]:.5f}", f"{seconds:.1f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure and print, a line at a time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.public", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--levels", nargs="+", choices=sorted(OPTIMISER), default=["shared", "closed"])
    parser.add_argument("--only", nargs="+", choices=sorted(DATA), default=sorted(DATA))
    options = parser.parse_args()
    print("| data | parties | model | level | rounds | error | here | scikit-learn | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in options.only:
        label, models, l2 = DATA[name]
        for model in models:
            for level in options.levels:
                with tempfile.TemporaryDirectory() as folder:
                    wanted = scenario((options.data / name).resolve(), label, model, level, l2)
                    (Path(folder) / "scenario.yaml").write_text(json.dumps(wanted))
                    print(line(name, model, level, run(Path(folder))), flush=True)


if __name__ == "__main__":
    main()
