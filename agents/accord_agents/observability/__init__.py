"""What an agent shows of itself while it runs: metrics, readiness, trace context."""
