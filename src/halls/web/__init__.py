"""Web pages for people: HTML documents, ES modules, styles, pictures. They use only the public API."""
