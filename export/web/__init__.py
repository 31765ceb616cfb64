"""A web page on which a trained model replies in the browser, without a server of its own."""
