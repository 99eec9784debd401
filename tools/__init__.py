"""The project's own tools: they draw the pictures of the docs, pin dependencies, and lint."""
