"""Questions about contexts, which readers answer with a span."""
