"""Damaged rows: how they are found, marked and repaired."""
