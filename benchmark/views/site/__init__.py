"""A site of static files: an index of boards, their pages, and pages of sources and targets."""
