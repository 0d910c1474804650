"""Joint prediction of new rows."""
