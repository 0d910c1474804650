"""A PostgreSQL and a MariaDB of a test's own, as Debian's packages bring them: on loopback, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from tests.support.real import unavailable

USER, PASSWORD, DATABASE = "accord", "s3cret pass:word", "shop"
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
MARIADB = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
_PEOPLE = {"postgresql": "postgres", "mariadb": "mysql"}  # neither server starts as root


def _port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _as(user: str, folder: Path) -> dict[str, str | int]:
    """Options of a process that is that user's, whose folder is given to it."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, user)
    return {"user": user}


@contextmanager
def _running(command: list[str], url: sa.URL, **options: str | int) -> Iterator[None]:
    """A server, from when it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    engine = sa.create_engine(url)
    try:
        for _ in range(600):
            try:
                engine.connect().close()
                break
            except sa.exc.OperationalError:
                assert process.poll() is None, f"{command[0]} ended"
                time.sleep(0.1)
        else:
            raise AssertionError(f"{command[0]} does not answer")
        yield
    finally:
        engine.dispose()
        process.send_signal(signal.SIGINT if "postgres" in command[0] else signal.SIGTERM)
        process.wait(60)


@contextmanager
def postgresql() -> Iterator[sa.URL]:
    """A PostgreSQL; the URL of its database, with the password."""
    if POSTGRES is None:
        unavailable("no PostgreSQL")
        raise AssertionError
    with tempfile.TemporaryDirectory(prefix="accord-postgresql-") as name:
        folder, port = Path(name), _port()
        given = _as(_PEOPLE["postgresql"], folder)
        (folder / "password").write_text(PASSWORD)
        shutil.chown(folder / "password", given.get("user", os.geteuid()))
        made = [
            POSTGRES,
            "-D",
            f"{folder}/data",
            "-U",
            USER,
            f"--pwfile={folder}/password",
            "--auth=scram-sha-256",
            "-N",
        ]
        subprocess.run([*made, "-E", "UTF8", "--locale=C"], check=True, capture_output=True, **given)  # type: ignore[call-overload]
        server = str(POSTGRES.with_name("postgres"))
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
        command = [server, "-D", f"{folder}/data", "-p", str(port), *(part for s in settings for part in ("-c", s))]
        url = sa.URL.create("postgresql+psycopg", USER, PASSWORD, "127.0.0.1", port, "postgres")
        with _running(command, url, **given):
            yield url


@contextmanager
def mariadb() -> Iterator[sa.URL]:
    """A MariaDB; the URL of its database, with the password."""
    if MARIADB is None:
        unavailable("no MariaDB")
        raise AssertionError
    with tempfile.TemporaryDirectory(prefix="accord-mariadb-") as name:
        folder, port = Path(name), _port()
        given = _as(_PEOPLE["mariadb"], folder)
        made = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db"]
        made += ["--auth-root-authentication-method=normal"]
        subprocess.run(made, check=True, capture_output=True, **given)  # type: ignore[call-overload]
        (folder / "first.sql").write_text(
            f"CREATE DATABASE {DATABASE};\nCREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON {DATABASE}.* TO {USER}@'%';\n"
        )
        shutil.chown(folder / "first.sql", given.get("user", os.geteuid()))
        command = [MARIADB, "--no-defaults", f"--datadir={folder}/data", f"--port={port}", "--bind-address=127.0.0.1"]
        command += [f"--socket={folder}/socket", f"--init-file={folder}/first.sql", "--skip-name-resolve"]
        url = sa.URL.create("mariadb+pymysql", USER, PASSWORD, "127.0.0.1", port, DATABASE)
        with _running(command, url, **given):
            yield url
