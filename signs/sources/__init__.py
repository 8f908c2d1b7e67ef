"""Where the original data set comes from."""
