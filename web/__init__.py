"""The HTTP edge: files that leave the server, and who may have them. Knows no page."""
