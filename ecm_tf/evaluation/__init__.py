"""Evaluation: perplexity, emotion accuracy, diversity of replies, and a report page."""
