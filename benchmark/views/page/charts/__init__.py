"""Figures of a page as inline SVG, each with the table behind it."""
