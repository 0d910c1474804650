"""Graphs whose edges several parties hold: what a party has, as integers, and the arithmetic of vectors over them."""
