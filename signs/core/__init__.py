"""What all packages need: settings, errors, files, tables, scores."""
