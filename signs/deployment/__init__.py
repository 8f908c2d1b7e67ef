"""Models that leave the repository: exported files, what they say of themselves, and how well they agree with Keras."""
