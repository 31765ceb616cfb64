"""A classifier labels a corpus; an interrupted run goes on."""
