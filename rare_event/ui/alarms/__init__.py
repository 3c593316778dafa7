"""The Alarms page.

One alarm or event at a time: the few sensors that moved, and what people say of it.
"""
