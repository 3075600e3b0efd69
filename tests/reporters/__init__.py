"""Tests of ops002.reporters."""
