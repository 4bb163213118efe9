"""Passes: for each compiled kernel, which layers it takes and how it is called."""
