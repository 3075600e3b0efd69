"""Views of a result: `render` turns one into text; writing it somewhere is the caller's."""
