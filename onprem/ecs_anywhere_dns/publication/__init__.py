"""Where the document is found, and the answer that goes back."""
