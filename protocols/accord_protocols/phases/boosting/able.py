"""Which boosted trees this program can grow, of those that an agreement can name."""

from __future__ import annotations

from accord_schemas.parts import Trees


def unable(trees: Trees) -> str:
    """What of them this program cannot do, and what it can instead; or nothing."""
    if trees.protection == "shared":
        return (
            "train.protection: shared, at which nobody sees which rows a node holds, is not in this version for "
            "boosted trees; protection: paths is, at which every party sees the side of every split that a row falls on"
        )
    return ""
