"""Tasks of boosted trees, see `accord_protocols.phases.boosting`."""
