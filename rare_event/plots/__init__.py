"""Data in, Plotly figure out.

No Streamlit, no files, and no figure is computed here that a table would show otherwise.
"""
