"""The agent's loop between broker, collaborations and journal."""
