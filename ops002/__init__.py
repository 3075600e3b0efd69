"""ops002: the CI gate that proves GPU memory comes back after an inference error."""

__version__ = "0.1.0"
