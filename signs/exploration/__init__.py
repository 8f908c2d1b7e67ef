"""Exploration: what a data set shows before a network is trained on it."""
