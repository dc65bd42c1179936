"""Texts as a tokenizer reads them: whole, cut, in parts, word by word."""
