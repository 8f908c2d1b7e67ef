"""What the page tells of data, new signs, models, and two models beside each other: contexts of its templates."""
