"""The party's own files: configuration and policy."""
