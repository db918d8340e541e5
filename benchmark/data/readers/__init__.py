"""Readers of images, volumes, DICOM series and label maps."""
