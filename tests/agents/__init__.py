"""Tests of ops002.agents."""
