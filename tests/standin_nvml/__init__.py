"""A stand-in for NVIDIA's driver library, and the machines it pretends to be. See README.md."""
