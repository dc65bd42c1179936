"""Calibrated on one kind of text: how far are the answers to texts of the others?"""
