"""The contract that other teams read: AsyncAPI 3.1.0 and JSON Schema 2020-12, made from the classes that agents use."""
