"""Offline re-execution of what a party did: its journal folded again and held against everything it left.

Reads only. Needs no broker and signs nothing; a running agent is not disturbed.
"""
