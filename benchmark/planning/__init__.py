"""Planning: which cells a board has and under which conditions each is run. Never imports torch."""
