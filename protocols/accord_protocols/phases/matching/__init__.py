"""Looking for pictures of one party in the gallery of another."""
