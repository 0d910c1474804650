"""What every machine runs on: the generic step, the life of a collaboration."""
