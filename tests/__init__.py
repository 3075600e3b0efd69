"""Tests of ops002; they mirror the package."""
