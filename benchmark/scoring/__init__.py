"""Scores of a segmentation: boolean masks in, numbers out.

Nothing in this package knows about networks, files or tasks. Every score is a pure function of
numpy arrays, and every score is a finite number, also for empty masks. `metrics.METRICS` is the
registry of all metrics; `metrics.score_label` computes those asked for.
"""
