"""Training.

- `run`: `train`, which trains a model or resumes a run.
- `run_settings`, `construction`, `initialization`, `fit`: its parts.
- `callbacks`: evaluation during training and what follows from it.
- `checkpoints`, `history`, `lock`: what a run keeps on disk.
- `word_vectors`: reads word2vec text files.
"""
