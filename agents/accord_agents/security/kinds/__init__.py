"""Kinds of identities: the keys of each profile, and how they sign. One file each."""
