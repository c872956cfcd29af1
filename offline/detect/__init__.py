"""Detect clusters of events in a file."""
