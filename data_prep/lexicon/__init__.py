"""The `lexicon` command: selects the emotion words of a dataset from lexicons and its corpus."""
