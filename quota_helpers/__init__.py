"""A placeholder that is replaced by the table of contents."""
