"""Text processing: normalization, tokenizers, vocabularies, emotions, and their files."""
