"""Step rules of training."""
