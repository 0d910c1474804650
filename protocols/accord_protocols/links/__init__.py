"""Families of generalised linear models, a file each."""
