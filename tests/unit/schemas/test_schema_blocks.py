"""Fields as bytes: one encoding each, and nothing else is read."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from tests.unit.schemas.strategies import PLAIN, TEXT

from accord_schemas.blocks import DTYPES, MAX_JSON, decode_fields, encode_fields, load_canonical
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError

ARRAY = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda name: arrays(DTYPES[name], array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)
FIELDS = st.dictionaries(TEXT, PLAIN | st.binary(max_size=20) | ARRAY, max_size=5)


def payload(head: Any, raw: bytes = b"") -> bytes:
    data = head if isinstance(head, bytes) else canonical_json(head)
    return len(data).to_bytes(4, "big") + data + raw


def described(*entries: Any, **fields: Any) -> dict[str, Any]:
    return {"arrays": list(entries), "fields": fields}


@given(FIELDS)
def test_fields_come_back_and_encode_to_the_same_bytes(fields: dict[str, Any]) -> None:
    data = encode_fields(fields)
    read = decode_fields(data)
    assert encode_fields(read) == data
    assert set(read) == set(fields)
    for name, value in fields.items():
        if isinstance(value, np.ndarray):
            assert read[name].dtype == value.dtype and read[name].shape == value.shape
            assert read[name].tobytes() == value.tobytes()
        else:
            assert read[name] == value and type(read[name]) is type(value)


@given(FIELDS, st.data())
def test_changed_bytes_are_refused_or_are_another_payload(fields: dict[str, Any], data: st.DataObject) -> None:
    whole = bytearray(encode_fields(fields))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        read = decode_fields(bytes(whole))
    except FrameError:
        return
    assert encode_fields(read) == whole


@given(FIELDS, st.binary(min_size=1, max_size=9))
def test_cut_or_lengthened_payloads_are_refused(fields: dict[str, Any], more: bytes) -> None:
    whole = encode_fields(fields)
    for bad in (whole + more, whole[: -len(more)]):
        with pytest.raises(FrameError):
            decode_fields(bad)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\0\0\0",
        (MAX_JSON + 1).to_bytes(4, "big") + b"x" * (MAX_JSON + 1),
        b"\xff\xff\xff\xff{}",
        payload([]),
        payload({"arrays": []}),
        payload({**described(), "more": 1}),
        payload({"arrays": {}, "fields": {}}),
        payload({"arrays": [], "fields": []}),
        payload(b'{"fields":{},"arrays":[]}'),
        payload(b'{"arrays": [],"fields":{}}'),
        payload(b'{"arrays":[],"fields":{"a":NaN}}'),
        payload(b'{"arrays":[],"fields":{"a":1e999}}'),
        payload(b'{"arrays":[],"fields":{"a":1,"a":2}}'),
        payload(b'{"arrays":[],"fields":{"a":"\\ud800"}}'),
        payload(b'{"arrays":[],"fields":{"a":"\xff"}}'),
        payload('{"arrays":[],"fields":{}}'.encode("utf-16")),
        payload(b'{"arrays":[],"fields":{"a":' + b"9" * 5000 + b"}}"),
        payload(b'{"arrays":[],"fields":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"),
        payload(described(["a", "u1", [1]], a=1), b"x"),
        payload(described(["a", "u1", [1]], ["a", "u1", [1]]), b"xx"),
        payload(described(["b", "u1", [1]], ["a", "u1", [1]]), b"xx"),
        payload(described(["a", "u1", [2]]), b"x"),
        payload(described(["a", "u1", [1]]), b"xx"),
        payload(described(["a", "u1"]), b"x"),
        payload(described(["a", "u1", [1], 0]), b"x"),
        payload(described([1, "u1", [1]]), b"x"),
        payload(described(["a", ">u8", [1]]), b"x" * 8),
        payload(described(["a", "<f4", [1]]), b"x" * 4),
        payload(described(["a", "O", [1]]), b"x" * 8),
        payload(described(["a", "u1", [True]]), b"x"),
        payload(described(["a", "u1", [1.0]]), b"x"),
        payload(described(["a", "u1", [-1]]), b"x"),
        payload(described(["a", "u1", [-1, -1]]), b"x"),
        payload(described(["a", "u1", [1, 1, 1, 1, 1]]), b"x"),
        payload(described(["a", "bytes", [1, 1]]), b"x"),
        payload(described(["a", "bytes", []])),
    ],
)
def test_malformed_payloads_are_refused(bad: bytes) -> None:
    with pytest.raises(FrameError):
        decode_fields(bad)


@pytest.mark.parametrize("shape", [[1 << 48], [1 << 49], [1 << 48] * 4, [0, 1 << 48, 1 << 48], [1 << 48, 1 << 48, 0]])
@pytest.mark.parametrize("dtype", ["u1", "<f8"])
def test_claimed_sizes_are_refused_without_allocating(dtype: str, shape: list[int]) -> None:
    bad = payload(described(["a", dtype, shape]), b"12345678")
    tracemalloc.start()
    try:
        for data in (bad, bad[:-8]):
            with pytest.raises(FrameError):
                decode_fields(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "value", [np.zeros(2, np.float32), np.zeros(2, ">u8"), np.array(["a"]), {1, 2}, float("nan"), "x" * MAX_JSON]
)
def test_what_does_not_travel_is_not_encoded(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode_fields({"a": value})


@given(PLAIN)
def test_json_has_one_form(value: Any) -> None:
    data = canonical_json(value)
    assert canonical_json(load_canonical(data)) == data
    for other in (b" " + data, data + b"\n", data + b" ", json.dumps(value, sort_keys=True, indent=1).encode()):
        if other == data:  # what has no parts is written in one way, indented or not
            continue
        with pytest.raises(FrameError):
            load_canonical(other)
