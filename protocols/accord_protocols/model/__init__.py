"""Trained models as artefacts: a party's part of one, as it stands in a file."""
