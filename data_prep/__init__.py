"""Data preparation: makes dataset directories from corpora of post-response pairs."""
