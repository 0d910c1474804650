"""What computes an alignment is named, with its version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from types import ModuleType

import pytest

from accord_protocols.phases.alignment.exchange import SCHEME
from accord_protocols.phases.alignment.oprf import OPRFS
from accord_protocols.primitives.psi import backend as named
from accord_protocols.primitives.psi import rsa_raw, sm2
from accord_protocols.primitives.psi.backend import backend
from accord_protocols.primitives.psi.ot.loops import LARGE


@pytest.mark.parametrize("scheme", [*OPRFS, SCHEME])
def test_every_scheme_has_one(scheme: str) -> None:
    name, number, *_ = backend(scheme, LARGE).split()
    assert name in ("OpenSSL", "gmpy2", "rbcl", "numba", "numpy") and number[0].isdigit()


@pytest.mark.parametrize(("scheme", "module"), [("rsa", rsa_raw), ("sm2", sm2)])
def test_without_openssl_it_is_gmpy2(scheme: str, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "libcrypto", lambda: None)
    assert backend(scheme, 1).startswith("gmpy2 ")


def test_loops_are_compiled_for_large_sets_where_numba_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend("ot", LARGE - 1).startswith("numpy ")
    monkeypatch.setattr(named, "version", _without_numba)
    assert backend("ot", LARGE) == "numpy 1"


def _without_numba(package: str) -> str:
    if package == "numba":
        raise PackageNotFoundError
    return "1"
