"""Pieces of the Compare page.

Sentences and rankings come from `rare_event.compare`; here they are only drawn.
"""
