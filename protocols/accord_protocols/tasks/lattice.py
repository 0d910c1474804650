"""Tasks of the lattice engine: its keys, and the two sides of every product (`accord_protocols.primitives.lattice`).

Sizes are fields of the inputs: layout (``sums`` or ``scores``), rows, columns, bits name a `Layout`; rows, terms, bits,
outputs name `Terms`; rows, inner, columns name a `Product`. Who evaluates has the owner's key as *key*: sid, owner,
large, small, the last two as `LatticeKey` says them. Who encrypts or opens needs the secret ``lattice``.

===========================  =======================================================  =================================
task                         inputs besides sizes                                     result
===========================  =======================================================  =================================
keys.lattice.make            me, sid; fresh                                           large, small, the secret
keys.lattice.check           sid, large.P and small.P of every peer P                 none
lattice.warm                                                                          none
lattice.encrypt              x, blocks = arange(layout.blocks)                        `Numbers`
lattice.transposed           key, numbers, each = layout.inner, d, masked             `Evaluated`, mask by columns
lattice.forward              key, numbers, each = layout.inner, w, masked             `Evaluated`, mask by rows
lattice.open_transposed      numbers, count (None, or of a batch)                     `Opened`
lattice.open_forward         numbers, count                                           `Opened`
lattice.terms_encrypt        a                                                        `Numbers`
lattice.terms_multiply       key, numbers, b                                          `Evaluated`, ``(c, n, 2)``
lattice.terms_open           numbers                                                  `Opened`, ``(c, n, 2)``
lattice.matrix_encrypt       a                                                        `Numbers`
lattice.matrix_multiply      key, numbers, b, masked                                  `Evaluated`, ``(r, c, 2)``
lattice.matrix_open          numbers                                                  `Opened`, ``(r, c, 2)``
===========================  =======================================================  =================================
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from accord_protocols.primitives.lattice.columns import (
    Layout,
    encrypt_columns,
    forward,
    open_forward,
    open_transposed,
    transposed,
)
from accord_protocols.primitives.lattice.keys import PublicKey, SecretKey
from accord_protocols.primitives.lattice.matrices import Product, encrypt_matrix, multiply_matrix, open_matrix
from accord_protocols.primitives.lattice.terms import Terms, encrypt_terms, multiply_terms, open_terms
from accord_protocols.primitives.lattice.warm import warm
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import ProtocolError

_BAD_KEY = "a public key is not acceptable"


def make(context: Context) -> Result:
    """The own key."""
    key = SecretKey.generate(context.inputs["sid"], context.inputs["me"], context.xof.fork("lattice"))
    large, small = key.public.encode()
    return Result({"large": large, "small": small}, {"lattice": key.encode()})


def check(context: Context) -> Result:
    """Every peer's key is of the one form.

    Raises:
        ProtocolError: One is not; names the peer.
    """
    for name, value in context.inputs.items():
        field, _, peer = name.partition(".")
        if field == "large" and peer:
            try:
                PublicKey.decode(context.inputs["sid"], peer, value, context.inputs[f"small.{peer}"])
            except ProtocolError:
                raise ProtocolError(_BAD_KEY, whose=peer) from None
    return Result({})


def compiled(context: Context) -> Result:
    """Have everything compiled, before it is needed."""
    warm()
    return Result({})


def encrypt(context: Context) -> Result:
    """The owner of X: this part's blocks."""
    fields = context.inputs["x"], context.xof, _blocks(context)
    return Result({"numbers": encrypt_columns(_secret(context), _layout(context), *fields)})


def multiply_transposed(context: Context) -> Result:
    """The evaluator: this part's groups of columns of ``X^T d - mask``."""
    fields = context.inputs["numbers"], context.inputs["d"], context.xof
    masked = context.inputs["masked"]
    numbers, mask = transposed(_public(context), _layout(context), *fields, masked=masked, outputs=_outputs(context))
    return Result({"numbers": numbers, "mask": mask})


def multiply_forward(context: Context) -> Result:
    """The evaluator: this part's spans of rows of ``X·w - mask``."""
    fields = context.inputs["numbers"], context.inputs["w"], context.xof
    masked = context.inputs["masked"]
    numbers, mask = forward(_public(context), _layout(context), *fields, masked=masked, outputs=_outputs(context))
    return Result({"numbers": numbers, "mask": mask})


def opened_transposed(context: Context) -> Result:
    """The owner of X: its share of ``X^T d``."""
    fields = context.inputs["numbers"], context.inputs["count"]
    return Result({"shares": open_transposed(_secret(context), _layout(context), *fields)})


def opened_forward(context: Context) -> Result:
    """The owner of X: its share of ``X·w``."""
    fields = context.inputs["numbers"], context.inputs["count"]
    return Result({"shares": open_forward(_secret(context), _layout(context), *fields)})


def terms_encrypt(context: Context) -> Result:
    """The owner of a."""
    return encrypted_terms(context, context.inputs["a"])


def encrypted_terms(context: Context, a: NDArray[Any]) -> Result:
    """Of the own numbers, ``(n, J)`` or ``(n, J, 2)``: `Numbers`."""
    return Result({"numbers": encrypt_terms(_secret(context), _terms(context), a, context.xof)})


def terms_multiply(context: Context) -> Result:
    """The evaluator."""
    return multiplied_terms(context, context.inputs["b"])


def multiplied_terms(context: Context, b: NDArray[Any]) -> Result:
    """Of the other's numbers and the own b, ``(c, n, J)`` or ``(c, n, J, 2)``: `Evaluated`."""
    fields = context.inputs["numbers"], b, context.xof
    numbers, mask = multiply_terms(_public(context), _terms(context), *fields)
    return Result({"numbers": numbers, "mask": mask})


def terms_open(context: Context) -> Result:
    """The owner of a: its shares of the sums."""
    return Result({"shares": open_terms(_secret(context), _terms(context), context.inputs["numbers"])})


def matrix_encrypt(context: Context) -> Result:
    """The owner of A."""
    return Result({"numbers": encrypt_matrix(_secret(context), _product(context), context.inputs["a"], context.xof)})


def matrix_multiply(context: Context) -> Result:
    """The evaluator: ``A·B - mask``."""
    fields = context.inputs["numbers"], context.inputs["b"], context.xof
    masked = context.inputs["masked"]
    numbers, mask = multiply_matrix(_public(context), _product(context), *fields, masked=masked)
    return Result({"numbers": numbers, "mask": mask})


def matrix_open(context: Context) -> Result:
    """The owner of A: its share of ``A·B``."""
    return Result({"shares": open_matrix(_secret(context), _product(context), context.inputs["numbers"])})


def _secret(context: Context) -> SecretKey:
    return SecretKey.decode(context.secrets["lattice"])


def _public(context: Context) -> PublicKey:
    return PublicKey.decode(*_named(context, "sid", "owner", "large", "small"))


def _layout(context: Context) -> Layout:
    return Layout(*_named(context, "layout", "rows", "columns", "bits"))


def _terms(context: Context) -> Terms:
    return Terms(*_named(context, "rows", "terms", "bits", "outputs"))


def _product(context: Context) -> Product:
    return Product(*_named(context, "rows", "inner", "columns"))


def _blocks(context: Context) -> range:
    blocks = context.inputs["blocks"].tolist()
    return range(blocks[0], blocks[-1] + 1)


def _outputs(context: Context) -> range:
    """Which answers a part is about: parts have one each; a whole has all."""
    count = len(context.inputs["numbers"]) // context.inputs["each"]
    return range(context.part, context.part + count)


def _named(context: Context, *names: str) -> tuple[Any, ...]:
    return tuple(context.inputs[name] for name in names)
