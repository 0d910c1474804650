"""Computing over graphs: a vector with an entry for each vertex, in shares at two parties; edges stay at home."""
