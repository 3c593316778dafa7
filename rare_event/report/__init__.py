"""What is said of a judged run, the same on the Evaluate page and in its report, and the report itself.

It computes and writes; it never trains, opens the test data or imports Streamlit.
"""
