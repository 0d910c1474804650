"""A party in one encrypted file, and back."""
