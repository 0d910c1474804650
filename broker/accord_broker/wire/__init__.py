"""What the adapters of remote brokers share: frames as CloudEvents attributes, TLS and credentials."""
