"""Data sets: classes, splits, pickles, pixels, image files."""
