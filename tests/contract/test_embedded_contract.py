"""The embedded log keeps the contract."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.contract.broker_contract import BrokerContract
from tests.contract.harness import Site


class EmbeddedSite(Site):
    def __init__(self, folder: Path) -> None:
        self.file, self.backup = folder / "log.db", folder / "backup.db"
        self.url = f"embedded:{self.file}"

    def replace(self) -> None:
        self.file.unlink()

    def keep(self) -> None:
        with closing(sqlite3.connect(self.file)) as db:
            db.execute("VACUUM INTO ?", (str(self.backup),))

    def restore(self) -> None:
        self.file.unlink()
        self.backup.rename(self.file)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return EmbeddedSite(tmp_path)


class TestEmbedded(BrokerContract):
    """Everything is inherited."""
