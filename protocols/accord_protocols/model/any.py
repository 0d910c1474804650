"""A party's part of a model of whichever family."""

from __future__ import annotations

from accord_protocols.model.document import parsed
from accord_protocols.model.part import ModelPart
from accord_protocols.model.trees import FAMILY as TREES
from accord_protocols.model.trees import TreesPart

AnyPart = ModelPart | TreesPart


def read(data: bytes, name: str = "model.json") -> AnyPart:
    """The part in a file.

    Raises:
        UsageError: It is of another format, or not what its family's says.
    """
    trees = parsed(data, name).get("model") == TREES
    return TreesPart.read(data, name) if trees else ModelPart.read(data, name)
