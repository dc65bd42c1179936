"""Live drift: a share of what is asked is answered once more by the float bundle, and compared."""
