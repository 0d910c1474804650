"""Secure comparison: of two additive shares, whether their sum is negative, and what is told only where it is.

Rathee, Rathee, Kumar, Chandran, Gupta, Rastogi and Sharma, CrypTFlow2 (CCS 2020), section 3: both sides' numbers are
compared in digits of four bits by transfers of one entry out of 16, and the digits' results are put together in a tree.
Here the tree's nodes are tables as well (`circuit`), which takes two steps for 48 bits where AND gates take four; and
what is told in the end is a key (`lookup`), so that nobody learns a bit that it may not.
"""
