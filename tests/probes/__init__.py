"""Tests of ops002.probes."""
