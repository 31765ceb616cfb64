"""Evaluation: perplexity, relevance, replies, a report page, and human evaluation."""
