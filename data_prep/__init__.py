"""Data preparation: a corpus of post-response pairs in, a dataset directory out."""
