"""The `build` command: makes a dataset directory from a corpus."""
