"""What one machine no longer holds."""
