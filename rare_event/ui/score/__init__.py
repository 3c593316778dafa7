"""The Score page: a trained model applied to a new file.

The server opens no network: a worker scores, and the results are in a folder of the workspace.
"""
