"""Training: `run.train` trains a model, or resumes a run."""
