"""Rendered images: what a camera might have seen of a drawing."""
