"""What holds for every figure."""

import warnings

import pytest


@pytest.fixture(autouse=True)
def no_warnings():
    """A figure of odd data is still a figure without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
