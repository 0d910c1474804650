"""A result with every field, for the report and the terminal."""

from __future__ import annotations

from typing import Any

from accord_scenarios.merge import merge

COMPLETED: dict[str, Any] = {
    "status": "COMPLETED",
    "reason": None,
    "parties": {"bank": "label_holder", "shop": "feature_holder", "telco": "feature_holder"},
    "intersection_size": 1229,
    "train_rows": 983,
    "test_rows": 246,
    "gate": {"decision": "pass", "threshold": 0.9, "sampled": True, "pairs": {"shop": "pass", "telco": "pass"}},
    "rounds": 14,
    "converged": True,
    "loss": [2900.0, 1500.0, 1450.0, 1449.5],
    "coefficients": {"bank": {"age": 1.25}, "shop": {"größe": -2.5}, "telco": {}},
    "intercept": 151.5,
    "metrics": {"rmse": 53.12, "mae": 43.0, "r2": 0.48},
    "reference": {"rmse": 53.12, "mae": 43.0, "r2": 0.48, "max_coefficient_error": 3.1e-6},
    "model_digest": {"bank": "ab" * 32, "shop": "cd" * 32, "telco": "ef" * 32},
    "engine": "paillier",
    "protection": "shared",
    "profile": "default",
    "seconds": {"total": 9.5, "keys": 2.0, "align": 1.5, "train": 4.0, "gate": None},
    "bytes": {"psi": 400_000, "gradients": 1_500_000},
    "events": {"psi": 12, "gradients": 140},
    "scheme": "rsa",
    "backend": {"bank": "OpenSSL 3.0.2 (libcrypto)", "shop": "gmpy2 2.2.1", "telco": "gmpy2 2.2.1"},
    "peak_rss_mib": {"bank": 121.5, "shop": 99.0, "telco": 98.0},
    "restarts": {"bank": 0, "shop": 1, "telco": 0},
    "warnings": ["Few rows: 983 for 12 columns."],
    "insecure_seed": False,
    "accord_version": "0.1.0",
    "traffic": {"bank": {"shop": 900_000, "telco": 10}, "shop": {"bank": 1_000_000}},
    "timeline": {"bank": [["keys", 0.0, 2.0], ["train", 2.0, 6.0]], "shop": [["keys", 0.1, 1.9]]},
    "columns": {"shop": [{"column": "größe", "kept": True, "nulls": 3, "clipped": 1, "note": ""},
                         {"column": "const", "kept": False, "nulls": 0, "clipped": 0, "note": "it is constant"}]},
}  # fmt: skip

_ROLES = COMPLETED["parties"]
_REASON = {"status": "REFUSED", "reason": "Too many users in common with shop."}
REFUSED = merge(dict.fromkeys(_ROLES, _REASON), _ROLES)
FAILED = merge({}, _ROLES)
