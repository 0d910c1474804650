"""Which trainings this program can do, of those that an agreement can name."""

from __future__ import annotations

from accord_schemas.agreement import Train

_MODELS = {"score": ("linear", "logistic", "poisson"), "shared": ("linear",), "closed": (), "express": ()}
_ENGINES = {"score": ("paillier",), "shared": ("paillier",), "closed": (), "express": ()}
_OPTIMISERS = ("lbfgs", "gd", "nesterov")
_LATER = ("dealer", "folds", "l2_path")
_WEIGHTS = ("weights", "class_weights")


def unable(train: Train, parties: int) -> str:
    """What of a training this program cannot do yet, and what it can instead; or nothing."""
    models, engines = _MODELS[train.protection], _ENGINES[train.protection]
    if not models:
        return f"train.protection: {train.protection} is not in this version"
    if train.model not in models and train.link == "exact":
        return f"train.model: {train.model} is not in this version at {train.protection}; {', '.join(models)} is"
    if train.engine not in engines:
        return f"train.engine: {train.engine} is not in this version at {train.protection}; {', '.join(engines)} is"
    if train.optimiser not in _OPTIMISERS:
        return f"train.optimiser: {train.optimiser} is not in this version; {', '.join(_OPTIMISERS)} are"
    said = train.model_dump(exclude_defaults=True)
    weighed = next((f"train.{name}" for name in _WEIGHTS if name in said), "")
    if weighed and train.optimiser != "lbfgs":
        return f"{weighed}: optimiser {train.optimiser} has no safe step beside it; use lbfgs"
    if weighed and train.protection != "score":
        return f"{weighed} is not in this version at {train.protection}; at score it is"
    return next((f"train.{name} is not in this version" for name in _LATER if name in said), "")
