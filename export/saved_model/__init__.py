"""Export to a SavedModel that takes raw text, returns replies and does not need this package."""
