"""Each party's own columns made fit for training: prepared, whitened, in fixed point."""
