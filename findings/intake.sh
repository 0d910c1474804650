#!/usr/bin/env bash
# ruamel.yaml says that it reads YAML 1.2 by default. Its "1.2" is not the core schema of the specification (10.3.2):
# 1_000 and 0b11 are numbers, 2024-01-01 is a date, a plain `=` or a value `<<` is an error, and JSON's surrogate pair
# "\ud83d\ude00" stays two lone halves that no longer encode as UTF-8. A product that wants 1.2 has to bring its own
# resolver, and to give JSON to a JSON reader first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ruamel.yaml==0.19.1
"$work/venv/bin/python" - <<'PY'
import datetime
import ruamel.yaml

def value(text):
    return ruamel.yaml.YAML(typ="safe", pure=True).load(text)

print("ruamel.yaml", ruamel.yaml.__version__)
for text, seen in (("1_000", 1000), ("0b11", 3), ("2024-01-01", datetime.date(2024, 1, 1)), ("no", "no"), ("010", 10)):
    found = value(f"a: {text}")["a"]
    print(f"  a: {text:<12} -> {found!r}")
    assert found == seen and type(found) is type(seen), (text, found)
for text in ("a: =", "a: <<"):
    try:
        value(text)
    except ruamel.yaml.constructor.ConstructorError as error:
        print(f"  {text:<15} -> {str(error).splitlines()[0][:70]}")
    else:
        raise SystemExit(f"{text} is read now")
half = value('{"a": "\\ud83d\\ude00"}')["a"]
print("  JSON's pair     ->", ascii(half), len(half), "characters")
assert half == "\ud83d\ude00" and len(half) == 2
PY
