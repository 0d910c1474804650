"""Training on shares: what each of two holders computes on its own, and says to the other, one file per stage.

Everything here is one holder's view, a pure function of arrays. The holders' outputs add up to the mathematics modulo
2^128; messages are ciphertexts under the recipient's key, or answers to its own.
"""
