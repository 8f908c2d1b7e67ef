"""The stages of the pipeline, a script each: paths in, one call of the library, one write."""
