"""A server that speaks as TF Serving does, from an installed package alone (Ray Serve)."""
