"""The `label` command: labels a corpus with an emotion classifier, in resumable runs."""
