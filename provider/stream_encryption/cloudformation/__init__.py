"""CloudFormation's custom resource protocol: events, requests, properties and responses."""
