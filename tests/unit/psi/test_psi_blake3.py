from __future__ import annotations

import numpy as np
import pytest

from accord_protocols.primitives.psi import blake3

KEY = b"whats the Elvish word for friend"
# The authors' test vectors (test_vectors.json, keyed_hash): bytes 0, 1, ..., 250, 0, 1, ... of this length
VECTORS = {
    0: "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
    1: "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b",
    8: "be2f5495c61cba1bb348a34948c004045e3bd4dae8f0fe82bf44d0da245a0600",
    63: "bb1eb5d4afa793c1ebdd9fb08def6c36d10096986ae0cfe148cd101170ce37ae",
    64: "ba8ced36f327700d213f120b1a207a3b8c04330528586f414d09f2f7d9ccb7e6",
    65: "c0a4edefa2d2accb9277c371ac12fcdbb52988a86edc54f0716e1591b4326e72",
    127: "c64200ae7dfaf35577ac5a9521c47863fb71514a3bcad18819218b818de85818",
    128: "b04fe15577457267ff3b6f3c947d93be581e7e3a4b018679125eaf86f6a628ec",
    129: "d4a64dae6cdccbac1e5287f54f17c5f985105457c1a2ec1878ebd4b57e20d38f",
    1023: "c951ecdf03288d0fcc96ee3413563d8a6d3589547f2c2fb36d9786470f1b9d6e",
    1024: "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4",
}


def test_published_vectors_of_all_lengths_side_by_side() -> None:
    messages = np.zeros((len(VECTORS), 1024), np.uint8)
    for row, length in zip(messages, VECTORS, strict=True):
        row[:length] = np.arange(length) % 251
    digests = blake3.keyed(KEY, messages, np.array(list(VECTORS)))
    assert [row.tobytes().hex() for row in digests] == list(VECTORS.values())


def test_a_text_alone_hashes_as_among_many() -> None:
    texts = ["", "a", "é" * 40, "\0", "\0\0", "with\nnewline", "x" * 1024, *(f"id-{i}" for i in range(5000))]
    together = blake3.keyed_texts(KEY, texts, 16)
    for i in (0, 1, 2, 3, 4, 5, 6, 5006):
        assert np.array_equal(blake3.keyed_texts(KEY, [texts[i]], 16)[0], together[i])
    assert len(np.unique(together, axis=0)) == len(texts)


def test_what_is_too_long_or_has_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match="another size"):
        blake3.keyed_texts(KEY, ["x" * 1025])
    with pytest.raises(ValueError, match="another size"):
        blake3.keyed_texts(b"short", ["x"])
    assert blake3.keyed_texts(KEY, []).shape == (0, 32)
