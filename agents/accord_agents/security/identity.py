"""Who speaks: a key that signs frames and a key to which events are encrypted, of one of several kinds (`kinds`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from accord_agents.security.fingerprint import grouped, shown
from accord_agents.security.kinds.registry import kind_of
from accord_schemas.canonical import canonical_json, unambiguous_json
from accord_schemas.codes import Code
from accord_schemas.errors import FrameError, UsageError
from accord_schemas.frame import Frame
from accord_schemas.header import PARTY
from accord_schemas.suites import DEFAULT, SUITES, Profile


@dataclass(frozen=True, slots=True)
class PublicIdentity:
    """What others pin of a party: its name and two public keys, in the form of its kind.

    `kind` is the profile in whose collaborations this identity can take part.
    """

    party: str
    signing: bytes
    encryption: bytes
    kind: Profile = DEFAULT

    @property
    def fingerprint(self) -> str:
        """The hash of kind, name and keys, 256 bits, in groups of four hex digits; people compare what is `shown`."""
        suite = SUITES[self.kind]
        named = [suite.attribute] if suite.attribute else []
        return grouped(suite.digest(b"accord identity", *named, self.party, self.signing, self.encryption))

    @property
    def shown(self) -> str:
        """As much of the fingerprint as people compare, 160 bits."""
        return shown(self.fingerprint)

    @property
    def algorithm(self) -> str:
        """The name of its signature algorithm."""
        return kind_of(self.kind).algorithm

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this identity signed `data`."""
        return kind_of(self.kind).verify(self.signing, data, signature)

    def introduces(self, export: Any) -> bool:
        """Whether an export is one of `Identity.succeeded` that this identity has signed."""
        try:
            body = canonical_json({"succeeds": self.fingerprint, "identity": export["identity"]})
            return export["succeeds"] == self.fingerprint and self.verify(body, bytes.fromhex(export["signature"]))
        except (TypeError, ValueError, KeyError, RecursionError):
            return False

    def succeeded(self, export: Any) -> str:
        """Whose place this one took, as it says itself in an export: a fingerprint; or nothing."""
        try:
            body = canonical_json({"succeeds": export["succeeds"], "identity": export["identity"]})
            own = self.verify(body, bytes.fromhex(export["accepted"]))
        except (TypeError, ValueError, KeyError, RecursionError):
            return ""
        return str(export["succeeds"]) if own else ""

    def signed(self, frame: Frame) -> bool:
        """Whether this identity said a frame."""
        try:
            self.authenticate(frame)
        except FrameError:
            return False
        return True

    def authenticate(self, frame: Frame) -> None:
        """Check that this identity said a frame, with the algorithms of its kind.

        Raises:
            FrameError: It did not.
        """
        if frame.header.algorithms.name != self.kind:
            raise FrameError("the frame's suite is not that of its sender's identity")
        if not self.verify(frame.to_sign, frame.signature):
            raise FrameError("the signature is wrong", code=Code.SIGNATURE)


class Identity:
    """A party's private keys.

    Args:
        party: Its name.
        secret: 64 bytes of the operating system.
        kind: The profile that it is for.
    """

    def __init__(self, party: str, secret: bytes, kind: Profile = DEFAULT) -> None:
        if len(secret) != 64:
            raise ValueError("an identity is made of 64 secret bytes")
        self._keys = kind_of(kind).keys(secret)
        self.encryption_secret = self._keys.encryption_secret
        self.public = PublicIdentity(party, self._keys.signing, self._keys.encryption, kind)

    def __repr__(self) -> str:
        return f"Identity({self.public.party!r}, <secret>)"

    def sign(self, data: bytes) -> bytes:
        """A signature, of its kind's size."""
        return self._keys.sign(data)

    def export(self) -> dict[str, str]:
        """The public identity as JSON, signed by itself so that a damaged copy is noticed."""
        body = _body(self.public)
        return {**body, "signature": self.sign(canonical_json(body)).hex()}

    def succeeded(self, by: Identity) -> dict[str, Any]:
        """The export of the identity that takes this one's place, signed by both.

        The old one's signature introduces the new one to who knows the old; the new one's, ``accepted``, vouches for
        the old one to who knows the new.
        """
        body = {"succeeds": self.public.fingerprint, "identity": by.export()}
        return by.accepted({**body, "signature": self.sign(canonical_json(body)).hex()})

    def accepted(self, export: dict[str, Any]) -> dict[str, Any]:
        """An export of `succeeded` with the word of the new identity, which is this one."""
        body = {"succeeds": export["succeeds"], "identity": export["identity"]}
        return {**export, "accepted": self.sign(canonical_json(body)).hex()}


def exported(value: Any, where: str) -> tuple[PublicIdentity, dict[str, str]]:
    """The public identity in an export, plain or of `Identity.succeeded`, and its plain export.

    Raises:
        UsageError: See `imported`.
    """
    plain = value["identity"] if isinstance(value, dict) and "identity" in value else value
    return imported(plain, where), plain


def imported(value: Any, where: str) -> PublicIdentity:
    """The public identity in an export.

    Raises:
        UsageError: It is not one, was damaged, or holds a key to which nothing can be encrypted.
    """
    trouble = UsageError(
        f"{where} is no exported identity, or was damaged.", hint="Export it again with: accord keys export FILE"
    )
    try:
        export = dict(unambiguous_json(value) if isinstance(value, str | bytes) else value)
        kind = SUITES[export.get("kind", DEFAULT)].name
        signing, encryption, signature = (
            bytes.fromhex(export[name]) for name in ("signing", "encryption", "signature")
        )
        public = PublicIdentity(export["party"], signing, encryption, kind)
        body = _body(public)
        kind_of(kind).check(signing, encryption)
        signed = public.verify(canonical_json(body), signature)
        named = re.fullmatch(PARTY, public.party) is not None
    except (TypeError, ValueError, KeyError, RecursionError):
        raise trouble from None
    if not (signed and named) or export != {**body, "signature": signature.hex()}:  # one spelling, nothing left over
        raise trouble
    return public


def _body(public: PublicIdentity) -> dict[str, str]:
    kind = {"kind": public.kind} if public.kind != DEFAULT else {}
    return {"party": public.party, "signing": public.signing.hex(), "encryption": public.encryption.hex(), **kind}
