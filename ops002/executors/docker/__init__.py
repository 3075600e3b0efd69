"""Workloads in containers of an image that the user names, on a Docker engine of this machine."""
