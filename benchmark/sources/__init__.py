"""Sources: a card drafted from a checkpoint, and checked before boards run it."""
