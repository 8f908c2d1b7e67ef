"""Ray: work on more machines than one, and the search of settings."""
