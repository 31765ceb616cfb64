"""Corpora: readers of every format, staging files, the sample corpus."""
