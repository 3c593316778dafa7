"""The articles, step by step: what each says, and the same step on the open data.

Texts are in `texts`; no figure is computed here that a page of the tool does not also show.
"""
