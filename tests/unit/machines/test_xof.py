"""The only randomness inside protocols: equal key and label, equal stream; anything else, another one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from accord_protocols.kernel.transition import Draw
from accord_protocols.primitives.xof import Xof

KEY = bytes(range(32))
LABEL = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.binary(max_size=5), max_size=3)


def test_a_stream_is_aes_in_counter_mode_under_a_key_of_key_and_label() -> None:
    parts = [b"accord xof", KEY, b"pads", b"7"]
    key = hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in parts)).digest()
    stream = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(100))
    xof = Xof(KEY, "pads", 7)
    assert xof.bytes(33) + xof.bytes(0) + xof.bytes(67) == stream
    assert Xof(KEY, "pads", 7).words(3, 4).tobytes() == stream[:96]
    assert Xof(KEY, "pads", 7).bits(12) == int.from_bytes(stream[:2], "big") >> 4


@given(LABEL, LABEL)
def test_labels_are_joined_without_ambiguity(a: list[str | bytes], b: list[str | bytes]) -> None:
    def plain(label: list[str | bytes]) -> list[bytes]:
        return [part.encode() if isinstance(part, str) else part for part in label]

    same = plain(a) == plain(b)
    assert (Xof(KEY, *a).bytes(16) == Xof(KEY, *b).bytes(16)) == same
    assert (Xof(KEY).fork(*a).bytes(16) == Xof(KEY).fork(*b).bytes(16)) == same


def test_forks_depend_on_the_stream_and_not_on_how_much_was_read() -> None:
    read, fresh = Xof(KEY, "a"), Xof(KEY, "a")
    read.bytes(1000)
    assert read.fork("b").bytes(16) == fresh.fork("b").bytes(16) != Xof(KEY, "c").fork("b").bytes(16)
    assert fresh.fork("b", "c").bytes(16) != fresh.fork("b").fork("c").bytes(16)


@given(st.integers(1, 10**30), st.integers(0, 100))
def test_numbers_are_in_range(bound: int, label: int) -> None:
    xof = Xof(KEY, label)
    assert all(0 <= xof.below(bound) < bound for _ in range(5))


def test_small_numbers_and_permutations_are_uniform() -> None:
    xof = Xof(KEY, "u")
    counts = np.bincount([xof.below(6) for _ in range(6000)], minlength=6)
    assert ((counts - 1000) ** 2 / 1000).sum() < 30  # χ² with 5 degrees of freedom: 1e-5
    first = np.bincount([int(xof.permutation(5)[0]) for _ in range(2000)], minlength=5)
    assert ((first - 400) ** 2 / 400).sum() < 30
    assert sorted(xof.permutation(100)) == list(range(100)) and len(xof.permutation(0)) == 0


def test_keys_have_32_bytes_and_stay_out_of_sight() -> None:
    for size in (0, 16, 31, 33):
        with pytest.raises(ValueError, match="32"):
            Xof(bytes(size))
    with pytest.raises(ValueError, match="positive"):
        Xof(KEY).below(0)
    assert repr(Xof(KEY, "a")) == "Xof(<secret>)"


def test_a_transition_draws_each_label_once() -> None:
    draw = Draw(KEY, b"transcript")
    streams = {draw("a").bytes(16), draw("b").bytes(16), draw("a", 1).bytes(16), draw.key("c")[:16]}
    assert len(streams) == 4
    for again in (lambda: draw("a"), lambda: draw("a", 1), lambda: draw.key("a"), lambda: draw("c")):
        with pytest.raises(ValueError, match="drawn before"):
            again()
    assert Draw(KEY, b"transcript")("a").bytes(16) in streams
    assert Draw(KEY, b"another")("a").bytes(16) not in streams
    assert Draw(bytes(32), b"transcript")("a").bytes(16) not in streams


@pytest.mark.parametrize("ties", [False, True])
def test_a_permutation_is_the_order_of_128_bit_words(monkeypatch: pytest.MonkeyPatch, ties: bool) -> None:
    words = Xof(bytes(32), "words").words(500, 2) >> np.uint64(62 if ties else 0)
    monkeypatch.setattr(Xof, "words", lambda self, *shape: words)
    wanted = sorted(range(500), key=lambda k: (int(words[k, 1]), int(words[k, 0]), k))
    assert Xof(bytes(32)).permutation(500).tolist() == wanted
