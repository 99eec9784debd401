# Encrypts a stream that somebody else owns, from Terraform: by a CloudFormation stack of its own.
#
#   terraform apply -var stream=orders
#
# If the stream itself is in Terraform, its encryption belongs into aws_kinesis_stream, and this is not needed. If another team's
# Terraform owns the stream, that team writes into aws_kinesis_stream, or its next apply stops the encryption:
#
#   lifecycle { ignore_changes = [encryption_type, kms_key_id] }

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "stream" {
  description = "The stream, in the provider's account and region"
  type        = string
}

variable "key" {
  description = "GUID, ARN, alias name or alias ARN of the KMS key"
  type        = string
  default     = "alias/aws/kinesis"
}

resource "aws_cloudformation_stack" "encryption" {
  name          = "${var.stream}-encryption"
  template_body = file("${path.module}/../encrypt-another-stacks-stream.yaml")

  parameters = {
    StreamName = var.stream
    KeyId      = var.key
    OnDelete   = "Keep" # the stream stays encrypted after `terraform destroy`; Restore is the default
  }

  timeouts {
    create = "65m" # CloudFormation waits for up to an hour
    update = "65m"
    delete = "65m"
  }
}

output "stream_arn" {
  description = "The stream, known only after it is encrypted"
  value       = aws_cloudformation_stack.encryption.outputs["StreamARN"]
}
