"""Protocol machines: a table of transitions and a pure ``fire`` each; no clock, no randomness of their own, no IO."""
