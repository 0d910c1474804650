"""Questions and answers: values by their keys, nothing of anything else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_protocols.primitives.pir import loops, matrix, question, table
from accord_protocols.primitives.pir.cells import LONGEST, is_packed, pack, unpack
from accord_protocols.primitives.pir.layout import Layout
from accord_protocols.primitives.pir.parameters import DIMENSION, SCALE
from accord_protocols.primitives.pir.sealing import groups_of, seal, unseal
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest

SETUP, SEED = digest(b"test", "setup"), bytes(range(16))
KEYS, VALUE = 300, 40
LAYOUT = Layout(KEYS, VALUE, groups=3)


def tags(count: int, what: str = "tags") -> np.ndarray:
    return np.frombuffer(Xof(bytes(32), what).bytes(32 * count), np.uint8).reshape(-1, 32)


@pytest.fixture(scope="module")
def built() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Table, salts and hint of three groups."""
    groups, filled, salts = groups_of(tags(KEYS), SETUP, 3), [], []
    for number in range(3):
        mine = np.flatnonzero(groups == number)
        values = [b"value %d" % key for key in mine]
        salt, part = table.build(LAYOUT, SETUP, tags(KEYS)[mine], values, Xof(bytes(32), "build", number))
        filled.append(part)
        salts.append(np.frombuffer(salt, np.uint8))
    hints = np.concatenate([matrix.hint(SEED, part) for part in filled])
    return np.concatenate(filled), np.stack(salts), hints


def asked(built: tuple[np.ndarray, ...], wanted: np.ndarray) -> Iterator[bytes | None]:
    filled, salts, hints = built
    xof = Xof(bytes(32), "ask")
    made = question.ask(LAYOUT, SEED, SETUP, salts, wanted, xof)
    sums = question.answer(LAYOUT, filled, made).reshape(len(wanted), 3, LAYOUT.width)
    for k, group in enumerate(groups_of(wanted, SETUP, 3).tolist()):
        own = hints[group * LAYOUT.width : (group + 1) * LAYOUT.width]
        yield question.read(LAYOUT, SETUP, wanted[k].tobytes(), own, sums[k, group], xof, k)


def test_values_are_found_by_their_keys_and_nothing_else_is(built: tuple[np.ndarray, ...]) -> None:
    found = [*asked(built, tags(KEYS)[:9]), *asked(built, tags(5, "others"))]
    assert found == [(b"value %d" % k).ljust(VALUE, b"\0") for k in range(9)] + [None] * 5


def test_the_matrix_and_what_is_made_of_it_are_known() -> None:
    """Known answers: AES-128 in counter mode by FIPS 197, and products in Python's own integers."""
    rows = matrix.rows(SEED, 0, 7)
    assert rows.shape == (7, DIMENSION) and rows[0, 0] == int.from_bytes(
        bytes.fromhex("c6a13b37878f5b826f4f8162a1c8d879")[:4], "little", signed=True
    )
    assert (matrix.rows(SEED, 5, 7) == rows[5:]).all(), "any rows can be made"
    part = np.frombuffer(Xof(bytes(32), "part").bytes(7 * 5), np.uint8).reshape(7, 5)
    signed, plain = part.view(np.int8).astype(object), rows.astype(object)
    assert (matrix.hint(SEED, part) == (signed.T @ plain % 2**32).astype(np.uint32)).all()
    secrets = np.array([[k % 129 - 64 for k in range(DIMENSION)]])
    errors = np.arange(7)[None]
    want = (plain @ secrets[0].astype(object) + errors[0]) % 2**32
    assert (matrix.masked(SEED, 7, secrets, errors)[0] == want.astype(np.uint32)).all()
    hints = matrix.hint(SEED, part)
    want = hints.astype(object) @ secrets[0].astype(object) % 2**32
    assert (matrix.unmask(hints, secrets[0]) == want.astype(np.uint32)).all()


def test_extremes_stay_exact() -> None:
    """Whole blocks of the largest numbers: doubles hold their sums."""
    layout = Layout(8000, 4, groups=1)
    low = np.full((layout.rows, layout.width), 0x80, np.uint8)  # -128 each
    questions = np.full((1, layout.rows), 1 << 31, np.uint32)
    want = -128 * layout.rows * (1 << 31) % 2**32
    assert (question.answer(layout, low, questions) == want).all()
    hint = matrix.hint(SEED, low)
    total = sum(int(n) for n in matrix.rows(SEED, 0, layout.rows)[:, 0])
    assert int(hint[0, 0]) == -128 * total % 2**32


def test_the_bytes_are_the_same_without_numba(built: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    made = np.frombuffer(Xof(bytes(32), "q").bytes(4 * 3 * LAYOUT.rows), "<u4").reshape(3, -1)
    fast = question.answer(LAYOUT, built[0], made)
    assert loops.compiled() is not None
    monkeypatch.setattr(loops, "compiled", lambda: None)
    assert (question.answer(LAYOUT, built[0], made) == fast).all()


def test_questions_look_alike_whatever_is_wanted(built: tuple[np.ndarray, ...]) -> None:
    """The same secrets and errors, two keys: of one length, and apart from three numbers the same."""
    salts = built[1]
    one, other = (question.ask(LAYOUT, SEED, SETUP, salts, tags(2)[k : k + 1], Xof(bytes(32))) for k in (0, 1))
    assert one.shape == other.shape == (1, LAYOUT.rows)
    differing = (one - other)[0]
    assert set(differing[differing != 0].tolist()) <= {SCALE, 2**32 - SCALE} and (differing != 0).sum() <= 6
    masks = question.ask(LAYOUT, SEED, SETUP, salts, tags(1), Xof(bytes(32), "fresh"))
    assert len(np.unique(masks)) > 0.99 * masks.size
    assert abs(masks.mean() / 2**32 - 0.5) < 0.05, "uniform, as far as a mean tells"


def test_without_the_oprf_there_is_only_ciphertext(built: tuple[np.ndarray, ...]) -> None:
    """The whole table in clear, and any other tag: no value, no key of one, and bytes that are as good as random."""
    filled = built[0]
    values = b"".join(b"value %d" % key for key in range(KEYS))
    assert values[:7] not in filled.tobytes()
    positions = LAYOUT.geometry.positions(tags(50, "others"), bytes(16))
    sums = filled[positions[:, 0]] + filled[positions[:, 1]] + filled[positions[:, 2]]
    for k, other in enumerate(tags(50, "others")):
        assert unseal(other.tobytes(), SETUP, sums[k].tobytes()) is None
    counts = np.bincount(filled.ravel(), minlength=256)
    expected = filled.size / 256
    assert ((counts - expected) ** 2 / expected).sum() < 255 + 6 * np.sqrt(2 * 255)


def test_a_value_opens_with_its_own_tag_in_its_own_setup() -> None:
    tag = digest(b"tag")
    (sealed,) = seal(np.frombuffer(tag, np.uint8)[None], SETUP, [b"x" * VALUE], VALUE)
    own = AESGCM(digest(b"accord query value", SETUP, tag))
    assert sealed == own.encrypt(bytes(12), b"x" * VALUE, None), "as it was since the first version"
    assert len(sealed) == VALUE + 16 and unseal(tag, SETUP, sealed) == b"x" * VALUE
    assert unseal(digest(b"another"), SETUP, sealed) is None
    assert unseal(tag, digest(b"another setup"), sealed) is None
    assert unseal(tag, SETUP, sealed[:-1] + bytes([sealed[-1] ^ 1])) is None


def test_more_keys_than_a_group_has_room_for() -> None:
    with pytest.raises(ValueError, match="more keys than it has room for"):
        table.build(Layout(8, 4, 1), SETUP, tags(200), [b""] * 200, Xof(bytes(32)))


SIZES = [1, 2, 300, 10**4, 10**5, 10**6, 10**7]


@pytest.mark.parametrize(
    ("keys", "chunk"), [*((keys, 64 << 10) for keys in SIZES[:5]), *((keys, 512 << 10) for keys in SIZES)]
)
def test_a_question_and_its_answer_fit_one_chunk(keys: int, chunk: int) -> None:
    layout = Layout.of(keys, 256, chunk)
    assert layout.question + layout.answer < chunk
    assert layout.groups == 1 or Layout(keys, 256, layout.groups - 1).question + layout.answer > 0.95 * chunk


def test_the_sizes_that_were_asked_for() -> None:
    layout = Layout.of(1_000_000, 256, 512 * 1024)
    assert layout.question + layout.answer <= 512 * 1024 and layout.hint <= 32 << 20


def test_a_table_that_no_chunk_carries() -> None:
    with pytest.raises(ValueError, match="too large"):
        Layout.of(20_000_000, 8192, 16 * 1024)


@pytest.mark.parametrize("cells", [[""], ["", ""], ["a", "客户", 'b"\r\n,'], ["x" * LONGEST]])
def test_cells_come_back_as_they_were_written(cells: list[str]) -> None:
    packed = pack(cells)
    assert len(packed) == sum(2 + len(cell.encode()) for cell in cells)
    assert unpack(packed + bytes(9), len(cells)) == cells


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\x05abc", b"\0\x01\xff", b"\0\x01a\0\0b"])
def test_what_is_no_value_of_cells(value: bytes) -> None:
    assert not is_packed(value, 1)
    with pytest.raises(ValueError):
        unpack(value, 1)


def test_a_cell_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        pack(["x" * (LONGEST + 1)])
