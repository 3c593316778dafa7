"""Everything that imports Streamlit: state, cache, frame, forms and the pieces of the pages.

Holds no arithmetic: figures come from the rooms below.
"""
