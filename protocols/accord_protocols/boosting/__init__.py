"""Gradient-boosted trees in integers: what every party computes of a tree, apart from how sums are hidden.

Every sum, gain and score is an integer, so that any machine picks the same splits and gives the same scores.
"""
