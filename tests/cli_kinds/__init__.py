"""Templates of the kinds that a plan can easily get wrong, with the answers that CloudFormation's pages give."""
