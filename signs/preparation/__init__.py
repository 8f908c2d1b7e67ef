"""Data sets made ready to train on: preprocessed, merged."""
