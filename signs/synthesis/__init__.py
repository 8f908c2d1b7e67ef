"""New classes from single drawings."""
