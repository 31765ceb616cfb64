"""Measurements of speed and memory: ratios to bare products taken in the same process."""
