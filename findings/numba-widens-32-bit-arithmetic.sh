#!/usr/bin/env bash
# numba: arithmetic on 32-bit unsigned numbers gives 64 bits. In a compiled function uint32(0) - uint32(1) is 2^64 - 1, where
# numpy's scalars and arrays of the same two give 2^32 - 1: a trick that relies on wrapping, such as min(v, v - p) for v modulo p,
# goes wrong or runs on twice the width. Cutting back after each operation, uint32(a - b), gives what numpy gives.
# Seen with numba 0.68.1 and numpy 2.4.6.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/python -m pip install -q --disable-pip-version-check numba==0.68.1 numpy==2.4.6
cat > widths.py <<'PY'
import sys

import numba
import numpy as np


def minus(a, b):
    return a[0] - b[0]


def cut(a, b):
    return np.uint32(a[0] - b[0])


a, b = np.zeros(1, np.uint32), np.ones(1, np.uint32)
with np.errstate(over="ignore"):
    plain = int(minus(a, b))
compiled, cut_back = int(numba.njit(minus)(a, b)), int(numba.njit(cut)(a, b))
print(f"numba {numba.__version__}, numpy {np.__version__}: 0 - 1 is {plain} in numpy, {compiled} compiled, {cut_back} cut back")
sys.exit((plain, compiled, cut_back) != (2**32 - 1, 2**64 - 1, 2**32 - 1))
PY
venv/bin/python widths.py
