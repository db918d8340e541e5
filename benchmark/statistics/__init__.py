"""Statistics of scores: arrays in, numbers out. Knows nothing of cards, records or files."""
