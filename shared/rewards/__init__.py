"""What points buy, as one document: its form, its loading, its applied revisions."""
