"""Answers questions from a collection of articles with verbatim, cited quotes, or says that they do not tell."""
