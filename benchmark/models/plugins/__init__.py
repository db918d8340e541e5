"""Encoders that other installed packages bring."""
