"""The commands of `accord`: options and help here; the work is imported when a command runs."""
