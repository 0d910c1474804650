"""The families that an agreement may name."""

from __future__ import annotations

from accord_protocols.links.linear import Linear
from accord_protocols.links.link import Link
from accord_protocols.links.logistic import Logistic
from accord_protocols.links.poisson import Poisson

LINKS: dict[str, Link] = {link.name: link for link in (Linear(), Logistic(), Poisson())}
