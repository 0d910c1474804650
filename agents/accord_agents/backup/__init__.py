"""A party in one sealed file, and back."""
