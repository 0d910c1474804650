"""Private set intersection: the OPRF, key-value store, zero sharing and cardinality that alignment and its gate use."""
