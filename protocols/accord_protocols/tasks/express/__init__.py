"""Tasks of the level `express`: one holder's stages; see `accord_protocols.express`.

Inputs and results are as in `accord_protocols.tasks.closed`. Several matrices pass a stage at once, one to a row: what
is said of them is ``(matrices, bytes)``. Those of t sets of rows by p penalties stand set by set.
"""
