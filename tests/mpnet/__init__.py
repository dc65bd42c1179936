"""The real all-mpnet-base-v2: exported, quantized and measured, and what that costs."""
