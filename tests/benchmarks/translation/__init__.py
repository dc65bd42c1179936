"""Translators that are trained by recipe, and a Transformer without a BERT beside them."""
