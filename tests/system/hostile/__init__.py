"""What a stranger may paste or upload to stop the server, and what comes of it."""
