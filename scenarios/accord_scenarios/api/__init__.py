"""What the commands do, for Python: typed results, exceptions; the command line is a layer over it."""
