"""Runs of layers with small blocks: how they are cut, and their weights as kernels read them."""
