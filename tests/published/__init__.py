"""Every family with the configuration of its best-known checkpoint: is it fused, at what cost?"""
