"""SavedModels: raw text in, replies out, without this package."""
