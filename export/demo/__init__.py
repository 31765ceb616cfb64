"""Web page that shows a model's reply to a post in every emotion, with explanations."""
