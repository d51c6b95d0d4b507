"""Move in: what senders must be told, and the configuration of another adapter as ours."""
