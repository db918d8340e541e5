"""Submissions: packed, verified from their files alone, merged into a leaderboard."""
