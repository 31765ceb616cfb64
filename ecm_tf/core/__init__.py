"""What everything else builds on: errors, command line, manifests, atomic output; no TensorFlow."""
