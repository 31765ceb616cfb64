"""Release of a trained model: a small model directory with its classifier and search settings."""
