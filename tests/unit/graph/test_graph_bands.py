"""MinHash bands: what the documentation says of permutations, found anew here; recall at the threshold, as agreed."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.graph.bands import MOST_BANDS, Bands, tokens
from accord_protocols.graph.edges import Edges
from accord_protocols.graph.neighbourhoods import Shape, held, questions
from accord_protocols.primitives.xof import Xof
from accord_schemas.graph import Graph

SESSION = bytes(range(32))


def hashed(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def specified(near: set[int], size: int, band: int, rows: int) -> bytes:
    """The token of a band, by docs/graphs.md."""
    least = b""
    for k in range(band * rows, (band + 1) * rows):
        key = hashed(b"accord xof", hashed(b"accord minhash", SESSION), b"permutation", str(k).encode())
        stream = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(8 * size))
        least += min((stream[8 * v : 8 * v + 8] for v in near), key=lambda word: int.from_bytes(word, "little"))
    return hashed(b"accord band", str(band).encode(), least)


def edges(*pairs: tuple[int, int], asked: tuple[int, ...] = ()) -> Edges:
    ends = np.array(pairs, np.uint32).reshape(-1, 2)
    none = np.zeros(0, np.uint32)
    return Edges(ends[:, 0], ends[:, 1], np.ones(len(ends)), none, np.array(asked, np.uint32))


def test_tokens_are_those_of_the_specification() -> None:
    graph = edges((0, 1), (0, 2), (2, 4), (0, 1), (5, 6))
    matrix, bands = Adjacency.of(graph, 8, None), Bands(3, 2)
    made = [*tokens(matrix, np.array([4, 0, 6]), SESSION, bands)]
    for band, found in enumerate(made):
        assert found == [specified(near, 8, band, 2) for near in ({2}, {1, 2}, {5})]
    assert len({text for found in made for text in found}) == 9, "bands are kept apart"


@pytest.mark.parametrize(
    ("threshold", "recall", "bands"),
    [(0.5, 0.95, Bands(47, 4)), (0.8, 0.99, Bands(52, 11)), (1.0, 0.9, Bands(1, 16)), (0.2, 0.9, Bands(57, 2))],
)
def test_bands_are_the_longest_that_find_the_agreed_share(threshold: float, recall: float, bands: Bands) -> None:
    assert Bands.of(threshold, recall) == bands
    assert bands.found(threshold) >= recall and bands.bands <= MOST_BANDS
    assert bands.rows == 16 or Bands(MOST_BANDS, bands.rows + 1).found(threshold) < recall


def test_what_no_bands_find_is_said() -> None:
    assert Bands.of(0.05, 0.99) is None


def test_pairs_just_at_the_threshold_are_found_as_often_as_was_agreed() -> None:
    """Neighbourhoods of 6, of which 4 are common: an index of 1/2. A usual default of 20 bands of 5 finds 47 %."""
    pairs, size, bands = 600, 8 * 600, Bands.of(0.5, 0.95)
    assert bands is not None
    own = [set(range(8 * k, 8 * k + 6)) for k in range(pairs)]
    other = [set(range(8 * k + 2, 8 * k + 8)) for k in range(pairs)]
    mine, theirs = ([*tokens(_rows(some, size), np.arange(pairs), SESSION, bands)] for some in (own, other))
    met = np.any([[a == b for a, b in zip(*band, strict=True)] for band in zip(mine, theirs, strict=True)], axis=0)
    assert abs(met.mean() - bands.found(0.5)) < 5 * np.sqrt(0.05 * 0.95 / pairs)


def _rows(near: list[set[int]], size: int) -> Adjacency:
    """So many rows of a matrix; what neighbourhoods are of does not matter here."""
    starts = np.cumsum([0, *map(len, near), *[0] * (size - len(near))])
    columns = np.array([v for own in near for v in sorted(own)])
    return Adjacency(starts, columns, np.ones(len(columns), np.int64))


@pytest.mark.parametrize("task", ["common_neighbours", "similar"])
def test_questions_have_one_size_and_a_table_each_text_once(task: str) -> None:
    usual: dict[str, dict[str, Any]] = {
        "common_neighbours": {"degree": 4, "max_edges": 9},
        "similar": {"threshold": 0.6},
    }
    more = usual[task]
    terms = Graph.model_validate(
        {"task": task, "vertices": "0" * 64, "size": 8, "result_to": ("bank",), "queries": 3, **more}
    )
    graph = edges((0, 1), (2, 1), (0, 3), asked=(7, 0))
    asked = questions(terms, graph, SESSION, Xof(bytes(32), "nobody"))
    assert [len(own) for own in asked] == [Shape(terms).each] * 3
    texts, which, whose = held(terms, graph, SESSION)
    assert len(set(texts)) == len(texts) and set(whose.tolist()) == {0, 1, 2, 3}
    assert not set(texts) & {*asked[0], *asked[2]}, "7 has no neighbours, and nobody is asked for after it"
    common = set(texts) & set(asked[1])
    assert len(common) == (2 if task == "common_neighbours" else Shape(terms).each)
    if task == "similar":  # 1 and 3 have each other's neighbours only in part; 2 has one of those of 0
        assert len(which) == 4 * Shape(terms).each
