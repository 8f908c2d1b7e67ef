"""Figures: pictures of images, and the article's charts, as PNG files."""
