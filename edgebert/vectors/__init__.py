"""Vectors: their forms, how alike two are, and the nearest of many. numpy alone."""
