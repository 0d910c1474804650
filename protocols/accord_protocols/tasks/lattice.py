"""Tasks of the lattice engine: its keys, and the two sides of every product (`accord_protocols.primitives.lattice`).

Sizes are fields of the inputs: ``layout`` (``sums`` or ``scores``), ``rows``, ``columns``, ``bits`` name a `Layout`;
``rows``, ``terms``, ``bits``, ``outputs`` name `Terms`; ``rows``, ``inner``, ``columns`` name a `Product`. The evaluator
has the owner's public key as ``large`` and ``small`` (the fields of `LatticeKey`), ``sid`` and ``owner``.

===========================  ===========================================================  ==============================
task                         inputs                                                       fields of the result
===========================  ===========================================================  ==============================
keys.lattice.make            me, sid; fresh                                               large, small; secret "lattice"
keys.lattice.check           sid, large.P and small.P of every peer P
lattice.encrypt              layout, rows, columns, bits, x, blocks = arange(blocks)      numbers (`Encrypted`)
lattice.expand               layout, rows, columns, bits, key, numbers (split)            polynomials (`Expanded`)
lattice.transposed           layout, rows, columns, bits, key, polynomials, d, masked     numbers, mask (`Answered`)
lattice.forward              layout, rows, columns, bits, key, polynomials, w, masked     numbers, mask
lattice.open_transposed      layout, rows, columns, bits, numbers, count                  shares (`Opened`)
lattice.open_forward         layout, rows, columns, bits, numbers, count                  shares
lattice.terms_encrypt        rows, terms, bits, outputs, a, blocks = arange(blocks)       numbers
lattice.terms_multiply       rows, terms, bits, outputs, key, numbers, b                  numbers, mask
lattice.terms_open           rows, terms, bits, outputs, numbers                          shares
lattice.matrix_encrypt       rows, inner, columns, a                                      numbers
lattice.matrix_multiply      rows, inner, columns, key, numbers, b, masked                numbers, mask
lattice.matrix_open          rows, inner, columns, numbers                                shares
===========================  ===========================================================  ==============================

*key* stands for the four fields sid, owner, large, small. Those that encrypt or open need the secret "lattice".
"""

from __future__ import annotations
