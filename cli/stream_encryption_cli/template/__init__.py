"""A template read and evaluated on this machine: what can be told without CloudFormation, and what can not."""
