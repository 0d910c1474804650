"""Machines of boosted trees: edges between the label holder and each other party, binning, and growing."""
