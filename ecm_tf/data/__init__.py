"""Datasets: the TFRecord schema, batches for training, dataset directories."""
