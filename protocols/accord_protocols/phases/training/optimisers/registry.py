"""The optimisers of trainings in which gradients are their owners'."""

from __future__ import annotations

from accord_protocols.phases.training.optimisers.gd import GradientDescent
from accord_protocols.phases.training.optimisers.lbfgs import Lbfgs
from accord_protocols.phases.training.optimisers.nesterov import Nesterov
from accord_protocols.phases.training.optimisers.optimiser import Optimiser

OPTIMISERS: dict[str, Optimiser] = {o.name: o for o in (Lbfgs(), GradientDescent(), Nesterov())}
