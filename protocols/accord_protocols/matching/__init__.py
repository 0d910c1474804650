"""Comparing pictures: embeddings as whole numbers, and their squared distances in two shares."""
