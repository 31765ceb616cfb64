"""Small training runs whose results are compared."""

import numpy as np

from benchmarks.data_parallel import difference, read_losses
from ecm_tf.core.manifest import read_manifest
from ecm_tf.model.directory import load_model

FLAGS = [
    *("--size", 8, "--embedding_size", 6, "--emotion_size", 5, "--imemory_size", 7),
    *("--num_layers", 1, "--batch_size", 7, "--optimizer", "adam", "--learning_rate", 0.01),
    *("--buckets", "5,5 9,9", "--use_emb", "--use_imemory", "--use_ememory"),
    *("--steps_per_checkpoint", 2, "--ema_momentum", 0.5, "--max_gradient_norm", 0.5),
]
"""Clipping, averages, embeddings of words and emotions; two buckets, whose batches are small."""
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def flags(dataset, train_dir, epochs):
    return ["--dataset", dataset, "--train_dir", train_dir, "--epochs", epochs, *FLAGS]


def assert_equal_runs(train_dir, expected):
    assert read_losses(train_dir).keys() == read_losses(expected).keys()
    assert difference(read_losses(train_dir), read_losses(expected)) < 1e-5
    weights = [load_model(path)[0].get_weights() for path in (train_dir, expected)]
    for value, other in zip(*weights, strict=True):
        np.testing.assert_allclose(value, other, atol=1e-4)
    counts = [read_manifest(path, "model")["counts"] for path in (train_dir, expected)]
    assert counts[0]["step"] == counts[1]["step"]
