"""The provider under CloudFormation, in AWS's own runtime, on the embedded AWS."""
