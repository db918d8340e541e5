"""Scores of a segmentation: boolean masks in, numbers out.

Nothing in here knows about networks, files or tasks. Every score is a pure function of numpy
arrays, and every score is a finite number, also for empty masks. The rest of the program goes
through `score.score_label` and `metrics.METRICS`.
"""
