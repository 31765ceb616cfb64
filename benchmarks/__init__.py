"""Benchmarks of speed and memory, each a command.

Times are compared with the matmul lower bound (`benchmarks.lower_bound`), measured in the same
process: the time of the vocabulary projection's matrix products alone.
"""
