"""Execution: a function of one shard, mapped over all shards on this machine or by Ray Data."""
