"""Layouts on disk: from a data set folder to its cases."""
