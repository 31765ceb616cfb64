"""The statistics and pictures of a dataset, as one page."""
