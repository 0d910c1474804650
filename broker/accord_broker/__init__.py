"""Floor 2: how it travels. The broker port and its adapters; knows frames as bytes and nothing of the mathematics."""
