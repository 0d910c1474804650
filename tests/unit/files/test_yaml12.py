"""YAML 1.2's core schema, and what is refused."""

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from accord_agents.files.yaml12 import MAX_BYTES, dump, parse
from accord_schemas.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("no", "yes", "on", "off", "y", "n", "No", "nULL", "NaN", "<<", "=", "1_000")),
        *((word, word) for word in ("1:30", "190:20:30", "2001-12-14", "0b1", "0o8", "1e", "e5", ".", "-.", "0x")),
        *((word, None) for word in ("null", "Null", "NULL", "~")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *(("0o7", 7), ("0x1F", 31), ("010", 10), ("+12", 12), ("-3", -3), ("007", 7)),
        *(("1e-7", 1e-7), ("1E5", 1e5), ("+.5", 0.5), ("5.", 5.0), ("-1.25e+3", -1250.0), ("0.0", 0.0)),
        *((".inf", math.inf), ("-.INF", -math.inf)),
        *(("'1'", "1"), ('"null"', "null"), ("!!str 12", "12"), ("", None)),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: Any) -> None:
    found = parse(f"key: {text}\n", "x")["key"]
    assert found == value
    assert isinstance(found, type(value))


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(parse(".nan", "x"))


def test_keys_are_text_as_written() -> None:
    assert parse("{007: a, null: b, no: c, 1e3: d}", "x") == {"007": "a", "null": "b", "no": "c", "1e3": "d"}


def test_aliases_and_json_are_yaml() -> None:
    assert parse("a: &x [1, 2]\nb: *x\n", "x") == {"a": [1, 2], "b": [1, 2]}
    value = {"größe": "käufer 😀", "path": "a\\b/c", "n": [1e-7, 1e400, -0.0, None, True]}
    for text in (json.dumps(value), json.dumps(value, indent="\t"), json.dumps(value, ensure_ascii=False)):
        assert parse(text.replace("Infinity", "1e400"), "x") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [unclosed\nparties: }", "x.yaml line 2"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key 'a' stands here twice"),
        ('{"a": 1,\n "a": 2}', "line 2"),
        ("? [1, 2]\n: 3\n", "a key must be one word"),
        ("a: &x [*x]\n", "an alias inside what it stands for"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1"),
        ("a: !own 3\n", "line 1"),
        ("a: !!binary aGk=\n", "line 1"),
        ("a: !!timestamp 2001-12-14\n", "line 1"),
        ("a: !!int red\n", "'red' is no int"),
        ("a: !!bool yes\n", "'yes' is no bool"),
        ("a: 1\n--- \nb: 2\n", "line 2"),
        ("a: \x07", "not allowed"),
        ('{"a": "\\ud800"}', "half of a character"),
        ("[" * 20_000, "too deeply"),
        ("9" * 5000, "digits"),
        (" " * (MAX_BYTES + 1), "larger"),
    ],
)
def test_what_is_no_scenario_is_an_error_with_its_place(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "x.yaml")
    assert words in str(caught.value)
    assert "x.yaml" in str(caught.value)


def test_an_alias_bomb_is_refused_before_it_unfolds() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 40)]
    with pytest.raises(UsageError, match="aliases included"):
        parse("\n".join(lines), "x")


_LEAVES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False)
_WORDS = st.sampled_from(["no", "1e-7", "0o7", "1_000", "1:30", "~", "null", "2001-12-14", "<<", "- a", "a: b", "#"])
_TEXT = _WORDS | st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.recursive(_LEAVES | _TEXT, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner), max_leaves=12))
def test_what_is_dumped_is_parsed_again_also_by_others(value: Any) -> None:
    text = dump(value)
    assert parse(text, "x") == value
    assert yaml.safe_load(text) == value
