"""For people and pipelines: what a deployment would do to each stream, and how each stream stands."""

VERSION = "0.2.0"
