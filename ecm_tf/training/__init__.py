"""The training run: callbacks, checkpoints, history, initialization from other models."""
