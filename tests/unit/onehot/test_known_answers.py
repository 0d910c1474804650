"""Known answers: what a journal of today holds, any later version and any processor gives again."""

from __future__ import annotations

import hashlib

import numpy as np
from tests.support.onehot import CONTEXT, ONCE, SID, SPARE, ends, exchange, stream

from accord_protocols.boosting import objective
from accord_protocols.primitives.onehot import cot, halftree, portable, products, words
from accord_protocols.primitives.onehot.blocks import Permutation, block, hashed
from accord_protocols.primitives.onehot.ledger import nonce
from accord_protocols.primitives.psi.ot import base

X = np.arange(8, dtype=np.uint64).reshape(1, 4, 2) * np.uint64(0x0123456789ABCDEF)
DELTA = block(bytes(range(16)))
BINS = (np.arange(60).reshape(20, 3) * 7 % 16).astype(np.uint8)
VECTOR = np.arange(20, dtype=np.uint64) << np.uint64(32)


def of(*arrays: np.ndarray) -> str:
    """The beginning of a digest."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()[:32]


def test_orthomorphism() -> None:
    out = portable.orthomorphism(X)
    assert out[0, 1].tolist() == [X[0, 1, 1], X[0, 1, 0] ^ X[0, 1, 1]]
    assert of(out) == "d5e4eec37844983142caf6dd085ce1d9"


def test_a_half_tree_of_depth_two() -> None:
    growing = Permutation(SID, "grow", 0)
    x, told = portable.leaves(growing, X[:, :2], DELTA), halftree.grow(growing, X[:, :2], DELTA)
    assert (
        of(x[portable.places(2)].swapaxes(0, 1)) == "9a22974041c30ccac686270fbae5a603"
        and told.tobytes().hex() == "ea7f7630384f92718fefa8a32ddd0fb5"
    )


def test_hash_of_a_leaf() -> None:
    assert hashed(Permutation(SID, "leaf", 3), X[0], ONCE).tobytes().hex()[:32] == "8dceef227ca534bc99766326aa8aa463"


def test_base_transfers() -> None:
    receiver = base.Receiver(np.array([0, 1], np.uint8), SID, stream("receiver"))
    answer, keys = base.send(receiver.points, SID, stream("sender"))
    assert np.array_equal(receiver.receive(answer), keys[[0, 1], [0, 1]])
    assert of(receiver.points, answer, keys) == "daf3ed9f5561a2711594de00c71e9ca0"


def test_seeds_and_eight_transfers() -> None:
    secret, leaves = exchange()
    said, t = cot.choose(leaves, CONTEXT, ONCE, np.array([1, 0, 0, 1, 1, 0, 1, 0], np.uint8), SPARE)
    q = cot.accept(secret, CONTEXT, said, 8)
    assert of(secret.delta, leaves) == "454e48a6e6da39de0fa0307a0e98ca24"
    assert (
        of(said.corrections) == "39daf42addb1ab9e3272f8e8c59a80a7"
        and of(np.frombuffer(said.check, np.uint8)) == "9137950d1063a9f02df4ee33663c3b70"
    )
    assert of(t, q) == "bebde0a9869dd1eeaed0a2225aba991a"


def test_words_of_a_vector() -> None:
    edge, place, rows = ends(BINS, 4), words.Place(SID, 0, 4), np.arange(20)
    once = nonce(bytes(32), ("vector", SID, 7), VECTOR.tobytes())
    assert once.hex() == "b0d1e15624c019c2b78c370d53aa23fb"
    pads = words.send(place, edge.sent, edge.secret.block, once)
    sums = pads.sum(axis=2, dtype=np.uint64)
    taken = words.receive(place, edge.kept, BINS, sums + VECTOR[:, None], once)
    slots = np.zeros(20, np.uint8)
    assert of(sums) == "6b8e6d5de398cc775e24ec6a18082ba9"
    assert of(np.uint64(0) - words.totals(pads, rows, slots, 1)) == "b810ec9ffbe11ee26ee2a7fc85cd28df"
    assert of(words.totals(taken, rows, slots, 1)) == "031089c860cc73647df0a6b1c26d3e7e"


def test_a_product() -> None:
    secret, leaves = exchange()
    bits = np.array([1, 0, 1], np.uint8)
    said, t = cot.choose(leaves, CONTEXT, ONCE, bits, SPARE)
    q = cot.accept(secret, CONTEXT, said, 3)
    told, given = products.send(SID, 0, q, secret.block, ONCE, VECTOR[:3])
    assert of(told, given, products.receive(SID, 0, t, bits, ONCE, told)) == "98d97156cd36b91bec89e5b5e864cf32"


def test_derivatives() -> None:
    scores = (np.arange(-8, 8) << 22).astype(np.int64)
    y = (np.arange(16) % 3 == 0).astype(float)
    for loss, wanted in (
        ("logistic", "26 554fab7df17c42375bb193158c6a3c43"),
        ("squared", "26 574fc822f78c7aec5be801f63e986051"),
        ("poisson", "26 ede802cb9c59af0c6017515db0255452"),
    ):
        found, bits = objective.words(loss, scores, y, np.ones(16, bool), stream(loss))
        assert f"{bits} {of(found)}" == wanted
    assert objective.start("logistic", y) == -8570232
