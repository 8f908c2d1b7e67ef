"""Ray: where more than one machine does the work."""
