#!/usr/bin/env bash
# SQLAlchemy: URL.set(password=None) returns a URL that still has its password, so that it cannot be used to take a
# password out of a URL before it is shown or stored; None means "leave as it is" there, while URL.create(password=None)
# and dataclasses.replace-like calls elsewhere mean "none". _replace does take it out. Seen with SQLAlchemy 2.0.44.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env && env/bin/pip install -q --disable-pip-version-check "SQLAlchemy==2.0.44"
env/bin/python - <<'PY'
import sqlalchemy
from sqlalchemy import make_url

url = make_url("postgresql://reader:opens@db.example/shop")
kept, created = url.set(password=None), sqlalchemy.URL.create("postgresql", "reader", None, "db.example")
print(f"SQLAlchemy {sqlalchemy.__version__}: set(password=None) keeps it: {kept.password == 'opens'}, create(): {created.password!r}")
raise SystemExit(kept.password != "opens" or created.password is not None)
PY
