"""Data in, Plotly figure out.

No Streamlit and no files. Counts come in with the data; nothing is judged here.
"""
