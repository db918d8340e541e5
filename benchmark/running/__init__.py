"""Running: one transfer into one record, many transfers into a board's records."""
