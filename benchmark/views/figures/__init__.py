"""Figures of a leaderboard, as SVG and PNG; no global state, the same bytes every time."""
