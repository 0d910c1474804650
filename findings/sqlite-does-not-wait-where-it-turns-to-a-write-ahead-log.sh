#!/usr/bin/env bash
# SQLite: `PRAGMA journal_mode=WAL` fails at once with "database is locked" while another connection is about to write,
# whatever busy timeout is set; BEGIN EXCLUSIVE waits then, and so does the pragma where the other one only reads. Two
# processes that open a new file at the same moment meet it, so whoever asks for the mode has to try again by itself.
# Seen with pysqlite3-binary 0.5.4.post2 (SQLite 3.51 and 3.40).
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env && env/bin/pip install -q --disable-pip-version-check "pysqlite3-binary==0.5.4.post2"
env/bin/python - <<'PY'
import time

from pysqlite3 import dbapi2 as sqlite

TIMEOUT = 2.0


def waited(path, other, statement):
    one, two = sqlite.connect(path, isolation_level=None), sqlite.connect(path, isolation_level=None, timeout=TIMEOUT)
    one.execute("CREATE TABLE IF NOT EXISTS t(a)")
    for each in other:
        one.execute(each).fetchall()
    start = time.monotonic()
    try:
        two.execute(statement).fetchall()
        said = "done"
    except sqlite.OperationalError as error:
        said = str(error)
    one.close()
    return said, time.monotonic() - start


seen = {
    (name, statement): waited(f"{name}-{number}.db", other, statement)
    for name, other in {"writer": ["BEGIN IMMEDIATE"], "reader": ["BEGIN", "SELECT * FROM t"]}.items()
    for number, statement in enumerate(["PRAGMA journal_mode=WAL", "BEGIN EXCLUSIVE"])
}
for (name, statement), (said, seconds) in seen.items():
    print(f"SQLite {sqlite.sqlite_version}, beside a {name}: {statement}: {said} after {seconds:.1f} s")
quick = seen["writer", "PRAGMA journal_mode=WAL"]
raise SystemExit(quick[0] != "database is locked" or quick[1] > TIMEOUT / 2 or min(s for k, (_, s) in seen.items() if k != ("writer", "PRAGMA journal_mode=WAL")) < TIMEOUT / 2)
PY
