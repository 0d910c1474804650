"""Figures of the cryptographic engines, as ratios against `phe` and plain loops in the same run."""
