"""Functions beside which the provider's cold start is measured. They are copied into its artifact."""
