"""Reporting: from records to tables. Never imports the training stack."""
