"""What running processes share: deadlines, circuits, fallbacks, weights, cards, logs, metrics, traces."""
