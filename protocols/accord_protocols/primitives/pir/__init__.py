"""Keyword PIR over LWE: a value is read from a server's table by its key, and the server does not learn which.

Sources: Celi, Davidson, "Call Me By My Name: Simple, Practical Private Information Retrieval for Keyword Queries"
(ChalametPIR, CCS 2024, ePrint 2024/092): a binary fuse filter over a matrix; Henzinger, Hong, Corrigan-Gibbs,
Meiklejohn, Vaikuntanathan, "One Server for the Price of Two" (SimplePIR, USENIX Security 2023, ePrint 2022/949): the
matrix, its hint. Values are encrypted under keys that only an OPRF of the key gives, so that a client learns what it
asked for, and no more.
"""
