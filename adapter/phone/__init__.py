"""A message as a phone shows it: its markdown as a tree, and the HTML of its bubble.

A page that shows one imports `bubble` from `bubble.html`, which needs `FILTERS` and `WORDS`, and
links `STYLE`.
"""

from adapter.phone.bubble import FILTERS, STYLE, TEMPLATES, WORDS
from adapter.phone.content import Content, content_of

__all__ = ["FILTERS", "STYLE", "TEMPLATES", "WORDS", "Content", "content_of"]
