"""The jobs that this program knows, by name."""

from accord_protocols.jobs.base import Job, machines
from accord_protocols.kernel.session import Session
from accord_protocols.phases.alignment.gate import Gate
from accord_protocols.phases.alignment.star import Align, Edge
from accord_protocols.phases.keys import Keys
from accord_protocols.phases.training.evaluate import Evaluate
from accord_protocols.phases.training.glm import Train
from accord_protocols.phases.training.offline_paillier import Pads
from accord_protocols.phases.training.prepare import Prepare

ROOT = Session.kind
"""The machine that every collaboration starts with; it starts the others."""

TRAIN = Job("train", machines(Session, Keys, Gate, Align, Edge, Prepare, Pads, Train, Evaluate))
JOBS: dict[str, Job] = {job.name: job for job in (TRAIN,)}
