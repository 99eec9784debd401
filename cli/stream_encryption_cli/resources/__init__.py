"""The resources of a template: whether CloudFormation takes them, and which of them the provider serves."""
