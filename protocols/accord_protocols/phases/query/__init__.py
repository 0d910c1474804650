"""Hidden queries: the server prepares its table, the client asks for keys batch by batch, and both say how many."""
