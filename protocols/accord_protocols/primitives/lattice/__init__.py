"""The lattice engine: exact, additively homomorphic encryption with plaintext products (BGV's form of ring-LWE).

Sources: Brakerski, Gentry, Vaikuntanathan, ITCS 2012 (the scheme, and modulus switching); Lyubashevsky, Peikert,
Regev, Eurocrypt 2010 (ring-LWE); Gentry's circuit privacy by flooding (STOC 2009 thesis, chapter 8).
"""

from accord_protocols.primitives.lattice.columns import (
    Layout,
    encrypt_columns,
    expand,
    forward,
    open_forward,
    open_transposed,
    transposed,
)
from accord_protocols.primitives.lattice.keys import PublicKey, SecretKey
from accord_protocols.primitives.lattice.matrices import Product, encrypt_matrix, multiply_matrix, open_matrix
from accord_protocols.primitives.lattice.terms import Terms, encrypt_terms, multiply_terms, open_terms, pieces

__all__ = [
    "Layout",
    "Product",
    "PublicKey",
    "SecretKey",
    "Terms",
    "encrypt_columns",
    "encrypt_matrix",
    "encrypt_terms",
    "expand",
    "forward",
    "multiply_matrix",
    "multiply_terms",
    "open_forward",
    "open_matrix",
    "open_terms",
    "open_transposed",
    "pieces",
    "transposed",
]
