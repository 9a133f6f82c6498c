"""Tests of the document and the page as they are served."""
