"""Floor 1: what is said. Frames, events, payload blocks, agreements, errors; no IO and no mathematics."""
