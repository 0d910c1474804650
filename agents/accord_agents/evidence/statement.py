"""The exporter's word over a bundle: an in-toto Statement v1 in a DSSE envelope.

Sources: github.com/in-toto/attestation, spec/v1/statement.md; github.com/secure-systems-lab/dsse, protocol.md (PAE).
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from accord_agents.security.identity import Identity, PublicIdentity
from accord_schemas.canonical import canonical_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE = "urn:accord:evidence:1"


def statement(cid: str, exporter: str, facts: dict[str, Any], body: bytes) -> dict[str, Any]:
    """What is signed: the digest of everything else in the bundle, and of each model.

    Args:
        cid: The collaboration.
        exporter: Who speaks.
        facts: Of the bundle.
        body: The bundle without this statement, canonical.
    """
    models = {party: result["model"] for party, result in facts["results"].items() if result["model"]}
    subjects = [{"name": f"accord/{cid}", "digest": {"sha256": hashlib.sha256(body).hexdigest()}}]
    subjects += [{"name": f"accord/{cid}/model/{p}", "digest": {"sha256": m}} for p, m in sorted(models.items())]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": {"exporter": exporter, "state": facts["states"][exporter], "witnessed": facts["witnessed"]},
    }


def envelope(value: dict[str, Any], identity: Identity) -> dict[str, Any]:
    """A statement, signed."""
    payload = canonical_json(value)
    signature = base64.b64encode(identity.sign(encoding(PAYLOAD_TYPE, payload))).decode()
    return {**_unsigned(value), "signatures": [{"keyid": identity.public.fingerprint, "sig": signature}]}


def signed(found: Any, value: dict[str, Any], public: PublicIdentity) -> bool:
    """Whether `found` is the one envelope of a statement that an identity signed; every bit of it counts."""
    try:
        text = found["signatures"][0]["sig"]
        signature = base64.b64decode(text, validate=True)
    except (TypeError, KeyError, IndexError, ValueError):
        return False
    sig = {"keyid": public.fingerprint, "sig": base64.b64encode(signature).decode()}
    same = found == {**_unsigned(value), "signatures": [sig]}
    return same and public.verify(encoding(PAYLOAD_TYPE, canonical_json(value)), signature)


def encoding(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _unsigned(value: dict[str, Any]) -> dict[str, Any]:
    return {"payload": base64.b64encode(canonical_json(value)).decode(), "payloadType": PAYLOAD_TYPE}
