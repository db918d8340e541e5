"""Cards: what exists (data sets, source tasks, target tasks) and what is fixed (boards)."""
