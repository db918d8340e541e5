"""Checkpoints: read safely, reduced to the tensors of one network, and identified."""
