"""Linear and ridge regression from second moments alone, held in shares by two parties; one holder's part.

The rows are passed over once. What penalties, folds and standard errors need afterwards are matrices as large as the
model, whatever the number of rows. Arithmetic and inverse are those of `accord_protocols.closed`.
"""
