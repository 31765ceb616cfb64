"""Server with TF Serving's REST and gRPC APIs, on Ray Serve: needs no container."""
