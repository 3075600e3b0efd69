"""Tests on a real Docker engine: of the image, and of what runs in containers."""
