"""Rendering: drawings of signs become images as cameras might have taken them."""
