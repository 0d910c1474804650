"""The families that an agreement may name."""

from __future__ import annotations

from accord_protocols.links.linear import Linear
from accord_protocols.links.link import Link
from accord_protocols.links.logistic import Logistic
from accord_protocols.links.poisson import Poisson
from accord_protocols.links.tangent import Tangent
from accord_schemas.parts import Train

LINKS: dict[str, Link] = {link.name: link for link in (Linear(), Logistic(), Poisson(), Tangent())}


def link_name(train: Train) -> str:
    """The entry of an agreed training: its model, or with ``link: linear`` the tangent."""
    return "tangent" if train.link == "linear" else train.model


def link_of(train: Train) -> Link:
    """The agreed family, with the agreed link."""
    return LINKS[link_name(train)]
