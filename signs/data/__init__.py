"""Data sets: classes, splits, pickles, pixels."""
