"""Phantoms: synthetic images with known labels, seeded and versioned."""
