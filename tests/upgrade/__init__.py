"""What earlier releases of the provider left behind, and how it was written down."""
