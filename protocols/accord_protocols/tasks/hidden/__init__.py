"""Tasks of trees at level `shared`, see `accord_protocols.phases.boosting.hide`."""
