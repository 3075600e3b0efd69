"""Tests of ops002.trials."""
