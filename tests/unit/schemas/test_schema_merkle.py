"""Merkle trees against known answers of Certificate Transparency and the RFC's own definition."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_schemas.merkle import Hash, Tree, sha256, verify_consistency

ENTRIES = [bytes.fromhex(e) for e in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
ENTRIES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A, B, C, D, E, F = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
)
CONSISTENCY = {(1, 1): [], (1, 8): [A, B, C], (6, 8): [F, E, ROOTS[4]], (2, 5): [B, D]}
SIZES = st.integers(0, 70)


def grown(size: int, hash_: Hash = sha256) -> Tree:
    tree = Tree(hash_)
    for entry in naive_entries(size):
        tree.append(entry)
    return tree


def naive_entries(size: int) -> list[bytes]:
    return [f"entry {i}".encode() for i in range(size)]


def naive(entries: list[bytes], hash_: Hash = sha256) -> bytes:
    """MTH of RFC 9162 section 2.1.1, word for word."""
    if not entries:
        return hash_(b"")
    if len(entries) == 1:
        return hash_(b"\x00" + entries[0])
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return hash_(b"\x01" + naive(entries[:k], hash_) + naive(entries[k:], hash_))


def test_known_answers() -> None:
    tree = Tree()
    assert tree.root().hex() == ROOTS[0]
    for size, entry in enumerate(ENTRIES, 1):
        tree.append(entry)
        assert tree.size == size and tree.root().hex() == ROOTS[size]
    assert [tree.root(size).hex() for size in range(9)] == ROOTS
    for (old, new), path in CONSISTENCY.items():
        proof = tree.consistency(old, new)
        assert [p.hex() for p in proof] == path
        assert verify_consistency(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), proof)


@pytest.mark.parametrize("hash_", [sha256, lambda data: hashlib.blake2s(data).digest()])
def test_roots_of_every_size_are_those_of_the_definition(hash_: Hash) -> None:
    tree = grown(40, hash_)
    assert [tree.root(size) for size in range(41)] == [naive(naive_entries(s), hash_) for s in range(41)]


@given(SIZES, SIZES, st.data())
def test_a_longer_list_continues_a_shorter_one_or_is_found_out(old: int, more: int, data: st.DataObject) -> None:
    new = old + more
    tree = grown(new)
    proof = tree.consistency(old, new)
    assert verify_consistency(old, tree.root(old), new, tree.root(), proof)
    assert not verify_consistency(old, sha256(b"other"), new, tree.root(), proof)
    assert not verify_consistency(old, tree.root(old), new, tree.root(), [*proof, tree.root()])
    if old:
        assert not verify_consistency(old, tree.root(old), new, sha256(b"other"), proof)
        forked = Tree()
        at = data.draw(st.integers(0, old - 1))
        for i, entry in enumerate(naive_entries(new)):
            forked.append(entry if i != at else b"forked")
        changed = forked.consistency(old, new)
        assert not verify_consistency(old, tree.root(old), new, forked.root(), changed)
    for changed in damaged(proof):
        assert not verify_consistency(old, tree.root(old), new, tree.root(), changed)


def damaged(proof: list[bytes]) -> list[list[bytes]]:
    """One bit of each hash flipped, one hash left out."""
    flipped = [[*proof[:i], bytes([p[0] ^ 1]) + p[1:], *proof[i + 1 :]] for i, p in enumerate(proof)]
    return flipped + [proof[:i] + proof[i + 1 :] for i in range(len(proof))]


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (1, 4)])
def test_what_is_not_there_is_not_proven(old: int, new: int) -> None:
    tree = grown(3)
    with pytest.raises(ValueError, match="3 entries"):
        tree.consistency(old, new)
    with pytest.raises(ValueError, match="3 entries"):
        tree.root(4)
    assert not verify_consistency(3, tree.root(), 2, tree.root(2), [])


def test_the_empty_tree_is_continued_by_every_other() -> None:
    tree = grown(3)
    assert verify_consistency(0, sha256(b""), 3, tree.root(), [])
    assert not verify_consistency(0, tree.root(), 3, tree.root(), [])
    assert verify_consistency(0, sha256(b""), 0, sha256(b""), [])
