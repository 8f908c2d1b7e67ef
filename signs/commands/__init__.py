"""The verbs of the command `signs`."""
