"""What a party learned, as files."""
