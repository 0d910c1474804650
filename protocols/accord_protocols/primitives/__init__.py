"""Cryptographic and numeric building blocks: pure functions of their arguments, no IO, no global state."""
