"""The level `closed`: weights and gradients stay shared between the two computing parties until the end."""
