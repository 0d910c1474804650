"""Paillier encryption of packed vectors, and the product of a private matrix with an encrypted one."""
