"""The `report` command: a page with the statistics of a dataset."""
