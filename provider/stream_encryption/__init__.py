"""Encrypts Kinesis data streams that other stacks own: a CloudFormation custom resource provider."""

__version__ = "0.2.0"
