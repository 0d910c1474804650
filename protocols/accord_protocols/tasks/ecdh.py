"""Tasks of entity alignment by Diffie-Hellman in a group, see `accord_protocols.phases.alignment.oprf.Oprf`."""

from __future__ import annotations

from dataclasses import dataclass

from accord_protocols.primitives.psi import ecdh, groups
from accord_protocols.tasks.keys import peers_of
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import ProtocolError


@dataclass(frozen=True)
class Scheme:
    """The tasks in one group."""

    group: groups.Group

    def make(self, context: Context) -> Result:
        """A scalar; its multiple of the generator is public, and nothing is proven of it."""
        name = self.group.name
        scalar = self.group.random_scalar(context.xof.fork(name))
        key = self.group.multiply_base([scalar])
        return Result({"scheme": name, "key": key, "proof": key[:0]}, {name: scalar})

    def check(self, context: Context) -> Result:
        """Every server's key is one point of the group.

        Raises:
            ProtocolError: One is not; names the peer.
        """
        for peer, said in peers_of(context):
            if said["scheme"] != context.inputs["scheme"]:
                raise ProtocolError("an alignment key is not of the agreed scheme", whose=peer)
            try:
                self.group.check_points(said["key"])
            except ProtocolError:
                raise ProtocolError("a public key is not acceptable", whose=peer) from None
            if len(said["key"]) != 1 or said["proof"].shape != (0, self.group.width):
                raise ProtocolError("a public key is not acceptable", whose=peer)
        return Result({})

    def blind(self, context: Context) -> Result:
        """Leader: this part's ids, blinded for a server. Inputs: sid."""
        return Result({"numbers": ecdh.blind(self.group, context.ids, context.inputs["sid"], context.xof)})

    def evaluate(self, context: Context) -> Result:
        """Server: blinded points times its key. Inputs: numbers."""
        key = context.secrets[self.group.name]
        return Result({"numbers": ecdh.evaluate(self.group, key, context.inputs["numbers"])})

    def tag(self, context: Context) -> Result:
        """Server: the tags of its own ids. Inputs: sid."""
        key = context.secrets[self.group.name]
        return Result({"tags": ecdh.own_tags(self.group, key, context.inputs["sid"], context.ids)})

    def finalise(self, context: Context) -> Result:
        """Leader, with the key of its `blind`: tags of this part's ids. Inputs: sid, numbers."""
        sid, numbers = context.inputs["sid"], context.inputs["numbers"]
        return Result({"tags": ecdh.finalise(self.group, context.ids, sid, numbers, context.xof)})


RISTRETTO, SM2 = Scheme(groups.RISTRETTO), Scheme(groups.SM2)
