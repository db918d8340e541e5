"""Pre-labelling: proposed label maps for images that have none."""
