"""Configurations of a model, a training run and a search: dataclasses, flags and JSON files."""

from ecm_tf.config.base import Config
from ecm_tf.config.cluster import ClusterConfig
from ecm_tf.config.model import ORIGINAL_BUCKETS, Buckets, ModelConfig, add_buckets
from ecm_tf.config.search import RERANKED, SearchConfig
from ecm_tf.config.search_defaults import (
    SEARCH_JSON,
    add_search_options,
    parse_search,
    read_search_defaults,
    require_used,
    search_config,
    search_of_flags,
)
from ecm_tf.config.training import PRESETS, TrainingConfig

__all__ = [
    "ORIGINAL_BUCKETS",
    "PRESETS",
    "RERANKED",
    "SEARCH_JSON",
    "Buckets",
    "ClusterConfig",
    "Config",
    "ModelConfig",
    "SearchConfig",
    "TrainingConfig",
    "add_buckets",
    "add_search_options",
    "parse_search",
    "read_search_defaults",
    "require_used",
    "search_config",
    "search_of_flags",
]
