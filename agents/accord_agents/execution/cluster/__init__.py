"""Jobs on a company's own cluster: orders and results as encrypted bytes, large numbers in pieces."""
