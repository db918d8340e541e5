"""Records: one finished run each, as data."""
