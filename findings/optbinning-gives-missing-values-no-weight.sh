#!/usr/bin/env bash
# optbinning: a binning table shows a measured weight of evidence for missing values, and transform does not use it. Its default,
# metric_missing=0, puts 0 in place of every missing value; metric_missing="empirical" puts what the table says. A model that is
# trained on transformed columns and a scorecard that is read off the table differ by that weight.
# Seen with optbinning 0.21.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/python -m pip install -q --disable-pip-version-check optbinning==0.21.0
cat > missing.py <<'PY'
import sys
import warnings

import numpy as np
import optbinning

warnings.filterwarnings("ignore")
rng = np.random.default_rng(1)
x = rng.integers(0, 1000, 2000).astype(float)
y = (rng.random(2000) < 0.1 + 0.3 * (x / 1000)).astype(int)
x[::5], y[::10] = np.nan, 1  # half of the missing ones have the label 1
binning = optbinning.OptimalBinning(name="x", dtype="numerical", user_splits=[300.0, 600.0], user_splits_fixed=[True] * 2)
binning.fit(x, y)
table = binning.binning_table.build()
measured = float(table.loc[table["Bin"] == "Missing", "WoE"].iloc[0])
default, empirical = (float(binning.transform(np.array([np.nan]), metric="woe", **how)[0]) for how in ({}, {"metric_missing": "empirical"}))
print(f"optbinning {optbinning.__version__}: missing values weigh {measured:.4f} in the table, {default:.4f} transformed, {empirical:.4f} with metric_missing=empirical")
sys.exit(not (abs(measured) > 0.5 and default == 0.0 and abs(empirical - measured) < 1e-12))
PY
venv/bin/python missing.py
