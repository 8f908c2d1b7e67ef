"""Makes data sets ready for training: preprocessing, merging."""
