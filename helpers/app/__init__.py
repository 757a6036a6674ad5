"""App: figures, widgets and pages; a view over the rooms below."""
