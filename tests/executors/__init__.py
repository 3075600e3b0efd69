"""Tests of ops002.executors."""
