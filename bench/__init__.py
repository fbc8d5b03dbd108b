"""Benchmarks: what is measured, and what it is measured with."""
