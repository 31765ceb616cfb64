"""Training data: the TFRecord schema, batches, dataset directories."""
