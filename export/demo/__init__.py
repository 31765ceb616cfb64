"""A page to try a model: a post in, replies in all emotions out, with what went on inside."""
