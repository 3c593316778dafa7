"""Reading: from the bytes of a file to columns of numbers, texts and times, each row with its line.

No meaning of a column is decided here, nothing is judged and nothing is repaired without being said.
"""
