"""A command that does nothing."""
