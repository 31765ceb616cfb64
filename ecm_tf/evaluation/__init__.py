"""What a model is worth: perplexity, emotion accuracy, diversity, and a page that shows them."""
