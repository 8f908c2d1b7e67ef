"""Synthesis: new classes from a few drawings each."""
