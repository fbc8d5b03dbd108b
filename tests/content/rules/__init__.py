"""Tests of the content rules: one broken piece of content for each thing that a rule demands."""
