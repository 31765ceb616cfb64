"""Text: normalization, tokenizers, vocabularies, emotions, and the files that hold them."""
