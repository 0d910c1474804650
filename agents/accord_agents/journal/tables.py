"""The tables of a journal."""

from __future__ import annotations

import sqlite3
import time

SCHEMA = 3
"""Their version."""
TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE payload(digest BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE body(digest BLOB PRIMARY KEY, collaboration TEXT NOT NULL, at INTEGER NOT NULL,
                  size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE recipe(digest BLOB PRIMARY KEY, recipe BLOB NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE journal(row INTEGER PRIMARY KEY, collaboration TEXT NOT NULL, kind TEXT NOT NULL, head BLOB NOT NULL,
                     payload BLOB, time TEXT NOT NULL, hash BLOB NOT NULL);
CREATE TABLE outbox(row INTEGER PRIMARY KEY, collaboration TEXT NOT NULL, sequence INTEGER NOT NULL,
                    family TEXT NOT NULL, head BLOB NOT NULL, payload BLOB NOT NULL, UNIQUE(collaboration, sequence));
CREATE TABLE position(source TEXT PRIMARY KEY, log TEXT NOT NULL, at INTEGER NOT NULL, digest BLOB NOT NULL);
CREATE TABLE channel(wrap BLOB PRIMARY KEY, collaboration TEXT NOT NULL, encrypted BLOB NOT NULL);
CREATE TABLE quarantine(row INTEGER PRIMARY KEY, time TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL,
                        digest BLOB NOT NULL, body BLOB NOT NULL, code TEXT NOT NULL DEFAULT '');
CREATE TABLE request(row INTEGER PRIMARY KEY, command TEXT NOT NULL, body TEXT NOT NULL, answer TEXT);
CREATE TABLE status(collaboration TEXT PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
"""


PATIENCE = 30.0
"""Seconds that whoever opens a journal waits for others who use it."""


def ahead(db: sqlite3.Connection) -> None:
    """Write ahead of the file. SQLite waits for nobody where it changes to that, whatever the connection's timeout.

    Raises:
        sqlite3.Error: Somebody else was about to write all the time, or the file cannot be written.
    """
    by = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > by:
                raise
            time.sleep(0.01)
        else:
            return


def create(db: sqlite3.Connection, fact: tuple[str, bytes]) -> None:
    """Make the tables, unless another process has just done so: an agent that starts, or who asks it something.

    Args:
        db: New, without a transaction.
        fact: What is known of the journal from the first.
    """
    db.execute("BEGIN IMMEDIATE")
    if db.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in TABLES.split(";"):
            db.execute(statement)
        db.execute("INSERT INTO meta VALUES(?,?)", fact)
        db.execute(f"PRAGMA user_version={SCHEMA}")
    db.execute("COMMIT")
