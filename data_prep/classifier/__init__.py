"""The emotion classifier: train it, measure it, save it."""
