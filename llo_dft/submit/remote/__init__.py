"""Projects of jobflow-remote: their file, their queue, what their jobs request."""
