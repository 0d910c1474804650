"""All-but-one oblivious transfer per cell: sums of a private vector over a constant one-hot matrix, in two shares.

Of an edge the **holder** has bins ``(n, m)``, the **sender** a vector of n words for each use. Once, the sender gets W
pseudo-random leaves of every cell and the holder all of them but the one at its bin (`cot`, `halftree`). From then on a
vector costs one word per cell, and both hold shares modulo 2^64 of the vector's sum in every bin (`words`); a bit of
the holder times a number of the sender costs 4 bytes and a number (`products`). What it rests on: docs/threat-model.md.
"""
