"""Tasks of the level `closed`: one holder's stages, see `accord_protocols.closed`.

Inputs of all stages: shape (`Shape.fields`), zero (32 bytes, common to both holders, for this stage), the other's key
as sid, owner, large, small; then what the stage takes by its name, and what it hears as ``heard.NAME``. Results are
fields ``kept.NAME`` for later stages and ``said.NAME`` for the other holder. Stages that encrypt or open need the
secret ``lattice``.
"""
