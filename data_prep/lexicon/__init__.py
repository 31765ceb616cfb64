"""Emotion lexicons: read, mapped to the categories, filtered by a corpus, learned from one."""
