"""One party's agent with everything around it."""
