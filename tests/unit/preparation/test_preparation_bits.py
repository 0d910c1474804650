"""The same bits under another processor type and number of threads."""

import os
import subprocess
import sys

import pytest
from tests.support.real import every

PLAIN = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
    "OPENBLAS_CORETYPE": "Sandybridge",
    "OPENBLAS_NUM_THREADS": "1",
}
PROGRAM = """
import hashlib, sys
import numpy as np
from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.labels import scale_labels
from accord_schemas.agreement import Prepare
from accord_protocols.preparation.whiten import Whitening
from accord_schemas.canonical import canonical_json

sha = hashlib.sha256()
for n, m in ((37, 1), (1003, 7), (8191, int(sys.argv[1]))):
    rng = np.random.Generator(np.random.PCG64(n))
    X = rng.random((n, m)) * 10.0 ** rng.integers(-3, 6, m) + rng.random(m) * 1e3
    X[rng.random((n, m)) < 0.1] = np.nan
    for impute in ("mean", "median", 0.5):
        fitted = fit([str(j) for j in range(m)], X, Prepare(impute=impute, winsorise=1.5))
        Z = np.c_[fitted.apply(X), np.ones(n)]
        whitening = Whitening.fit(Z, np.full(Z.shape[1], 1e-3))
        vectors = [f(Z[3]) for f in (whitening.back, whitening.gradient, whitening.ridge_matrix)]
        for array in (Z, whitening.L, whitening.transform(Z), *vectors, scale_labels(Z[:, 0] * 3.3)[2]):
            sha.update(np.ascontiguousarray(array).tobytes())
        sha.update(canonical_json(fitted.to_json()))
print(sha.hexdigest())
"""


def digest(more: dict[str, str]) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(24 // every(3))],
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def here() -> str:
    return digest({})


@pytest.mark.parametrize("environment", [PLAIN, {"OPENBLAS_NUM_THREADS": "2"}])
def test_fitted_values_and_factors_keep_their_bits(here: str, environment: dict[str, str]) -> None:
    assert digest(environment) == here
