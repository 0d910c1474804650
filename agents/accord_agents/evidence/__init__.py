"""Evidence: what a stranger can tell from signed events alone, without the network and without any data key."""
