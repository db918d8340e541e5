"""Leaderboards: from records to tables of numbers. Never imports the training stack."""
