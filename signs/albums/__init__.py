"""Which figures belong to what was found; each by the name of its file."""
