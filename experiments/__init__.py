"""Comparisons of trained models on real data, and how the released models were made."""
