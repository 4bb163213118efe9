"""Sphinx configuration; built with `nox -s docs`, where a warning is an error."""

from __future__ import annotations

import importlib.metadata

project = "cheapfast"
author = "The cheapfast developers"
copyright = author
release = importlib.metadata.version("cheapfast")
version = release

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_click",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "code"
smartquotes = False  # it would make dashes of the two hyphens of an option
nitpicky = True
# No intersphinx: the documentation builds without a network. Names of other packages are not links.
nitpick_ignore_regex = [
    ("py:.*", r"(click|np|npt|numpy|scipy|collections)\..*"),
    ("py:.*", r"(abc|typing)\..*"),
    # what Network is made of; its page lists all that comes from there
    ("py:class", r"cheapfast\.network\.sequence\.LayerSequence"),
]

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say types, with shapes and units
numpydoc_show_class_members = False  # the template of a class lists them
numpydoc_xref_param_type = False

html_theme = "furo"
html_title = f"cheapfast {release}"
html_show_copyright = False
