"""Data: from S3 objects to verified films, labels and honest splits."""
