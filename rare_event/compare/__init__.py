"""Judged runs, and the sentences about them.

Never trains and never imports Streamlit.
"""
