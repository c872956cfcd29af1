"""The Information Sharing Protocol brought to broker and registry."""
