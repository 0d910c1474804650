"""How well a model predicts: own arithmetic of exact sums and counts, the same bits on every machine (ADR 5)."""
