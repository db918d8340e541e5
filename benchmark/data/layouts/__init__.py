"""Layouts on disk: one module per kind of layout, from a data set's folder to cases and pixels."""
