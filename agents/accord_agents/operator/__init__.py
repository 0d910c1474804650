"""What people do by hand with keys and collaborations."""
