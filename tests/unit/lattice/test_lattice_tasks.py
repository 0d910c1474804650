"""The tasks of the lattice engine, in parts as workers do them; and who publishes a key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.world import agreement
from tests.unit.lattice.support import SID, elements, integers, joined, reduced

from accord_protocols.kernel.inputs import typed
from accord_protocols.phases.keys import Keys, published, purposes
from accord_protocols.primitives.lattice import Layout, Product
from accord_protocols.tasks.registry import TASKS, Context, Result, cut, join, part, run, spans
from accord_protocols.tasks.results.common import Numbers
from accord_protocols.tasks.results.training import Evaluated, Opened
from accord_schemas.errors import ProtocolError
from accord_schemas.events import LatticeKey, PaillierKey


def task(name: str, secrets: dict[str, bytes] | None = None, **inputs: Any) -> Result:
    """All parts of a task, one after another."""
    found = TASKS[name]
    contexts = [
        Context(cut(found, inputs, span), name.encode().ljust(32), secrets or {}) for span in spans(found, inputs, 0)
    ]
    parts = [part(found, c, i, slice(None)) for i, c in enumerate(contexts)]
    return join([run(name, context) for context in parts])


MADE = task("keys.lattice.make", me="clinic", sid=SID)
KEY = {"sid": SID, "owner": "clinic", **MADE.fields}


def test_products_go_through_tasks_in_parts() -> None:
    rng, n, m = np.random.default_rng(1), 9000, 35
    x, vectors = rng.integers(-(2**21), 2**21, (n, m)), {"sums": elements(rng, n), "scores": elements(rng, m)}
    for kind, name, field in (("sums", "transposed", "d"), ("scores", "forward", "w")):
        sizes: dict[str, Any] = {"layout": kind, "rows": n, "columns": m, "bits": 128}
        layout = Layout("sums" if kind == "sums" else "scores", n, m)
        made = task("lattice.encrypt", MADE.secrets, **sizes, x=x, blocks=np.arange(layout.blocks))
        numbers = typed(Numbers, made.fields).numbers
        terms = sizes | KEY | {"numbers": numbers, "each": layout.inner, field: vectors[kind], "masked": True}
        assert len(spans(TASKS[f"lattice.{name}"], terms, 0)) == layout.outputs
        answer = typed(Evaluated, task(f"lattice.{name}", **terms).fields)
        opened = task(f"lattice.open_{name}", MADE.secrets, **sizes, numbers=answer.numbers, count=None)
        matrix = (x.T if kind == "sums" else x).astype(object)
        total = joined(typed(Opened, opened.fields).shares, answer.mask)
        assert (total == reduced(matrix @ integers(vectors[kind]))).all()


def test_terms_and_matrices_go_through_tasks() -> None:
    rng = np.random.default_rng(2)
    sizes: dict[str, Any] = {"rows": 20, "terms": 3, "bits": 46, "outputs": 1 << 20}
    a, b = rng.integers(-(2**20), 2**20, (20, 3)), rng.integers(-(2**20), 2**20, (2, 20, 3))
    made = task("lattice.terms_encrypt", MADE.secrets, **sizes, a=a)
    answer = typed(Evaluated, task("lattice.terms_multiply", **sizes, **KEY, **made.fields, b=b).fields)
    opened = task("lattice.terms_open", MADE.secrets, **sizes, numbers=answer.numbers)
    assert (joined(opened.fields["shares"], answer.mask) == reduced((a * b).sum(axis=-1))).all()

    sizes = {"rows": 2, "inner": 3, "columns": 4}
    left, right = elements(rng, 2, 3), elements(rng, 3, 4)
    made = task("lattice.matrix_encrypt", MADE.secrets, **sizes, a=left)
    assert len(made.fields["numbers"]) == Product(2, 3, 4).blocks
    answer = typed(
        Evaluated, task("lattice.matrix_multiply", **sizes, **KEY, **made.fields, b=right, masked=True).fields
    )
    opened = task("lattice.matrix_open", MADE.secrets, **sizes, numbers=answer.numbers)
    assert (joined(opened.fields["shares"], answer.mask) == reduced(integers(left) @ integers(right))).all()


def test_a_key_of_another_form_names_its_owner() -> None:
    fields = {f"{name}.{party}": value for party in ("lab", "bank") for name, value in MADE.fields.items()}
    assert task("keys.lattice.check", me="clinic", sid=SID, **fields).fields == {}
    with pytest.raises(ProtocolError) as caught:
        task("keys.lattice.check", me="clinic", sid=SID, **fields | {"small.bank": MADE.fields["small"][:, 1:]})
    assert caught.value.whose == "bank"
    assert task("lattice.warm").fields == {}


def test_with_the_lattice_engine_every_party_publishes_a_key_and_nobody_another_engines() -> None:
    terms = agreement(3, engine="lattice")
    said = published(terms)
    assert {a.sender for a, event in said.items() if event is LatticeKey} == set(terms.order)
    assert PaillierKey not in said.values() and Keys.says["lattice"] is LatticeKey
    assert {p.make for p in purposes(terms)} >= {"keys.lattice.make"}
    assert LatticeKey not in published(agreement(3)).values()
