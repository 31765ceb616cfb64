"""From a model directory to artifacts that need neither this package nor Python."""
