"""Data: from files in some layout to arrays ready for training."""
