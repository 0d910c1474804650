"""Finding common users."""
