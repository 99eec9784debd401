"""How fast and how cheap the provider is, beside what a user would otherwise pick, measured in the same run."""
