"""Benchmarks: one problem a file in workloads/, one library a file in peers/.

Every result is checked to be equal before anything is timed. Run with ``cheapfast bench`` or
``python -m cheapfast.bench``; see README.md in this folder.
"""
