"""Floor 2: the mathematics. Pure machines and the primitives that they use; no IO."""
