"""Transferability of a source to a target, forecast from frozen features without fine-tuning."""
