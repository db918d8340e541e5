"""Boards of up to 100,000 records: read in parallel, held in few arrays, and cached.

- `record_columns` holds all records as arrays, one per column.
- `read_records` reads a folder in parallel; records whose files did not change come from the cache.
- `setting_statistics` are functions of scores alone, so that other processes can compute them.
- `statistics_cache` keeps their results by the fingerprint of these scores.
- `array_files` stores arrays in the user's cache folder, `records_cache` the columns of one board.

A setting is a target with a number of training subjects.
"""
