"""The machines, by phase."""
