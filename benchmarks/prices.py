"""What AWS and GitHub charge, in dollars: list prices of us-east-1 beyond any free tier, each with its source and date.

AWS's own pricing pages carry no date; the dates are those of published guides that give the same figures.
"""

from __future__ import annotations

TRANSITION = 25e-6
"""A state transition of a Standard workflow (https://aws.amazon.com/step-functions/pricing/; 14 March 2026)."""
GB_SECOND_ARM = 13.3334e-6
GB_SECOND_X86 = 16.6667e-6
"""A function's time by its memory (https://aws.amazon.com/lambda/pricing/; 11 May 2026)."""
INVOCATION = 0.2e-6
"""The same page."""
LOG_BYTE = 0.5 / 1e9
"""A byte taken in by CloudWatch Logs: $0.50 a GB (https://aws.amazon.com/cloudwatch/pricing/; 13 June 2026)."""
TABLE_WRITE, TABLE_READ = 0.625e-6, 0.125e-6
"""A request unit of an on-demand table: a write of up to 1 KB, a strongly consistent read of up to 4 KB
(https://aws.amazon.com/dynamodb/pricing/on-demand/; half of the earlier price since 1 November 2024; 21 July 2025)."""
KMS_REQUEST = 0.03 / 10_000
"""A request to KMS (https://aws.amazon.com/kms/pricing/; 15 March 2026)."""
TRACE = 5e-6
"""A trace that X-Ray records (https://aws.amazon.com/xray/pricing/; no later date than 2025 was found)."""
CI_MINUTE = 0.006
"""A minute of GitHub Actions' Linux runner with 2 cores, for private repositories; a job's last minute counts in full
(https://docs.github.com/en/billing/reference/actions-runner-pricing; from 1 January 2026 on)."""
SCHEDULED = 1e-6
"""An invocation by EventBridge Scheduler: $1.00 a million (https://aws.amazon.com/eventbridge/pricing/)."""
CONFIG_ITEM, CONFIG_RULE = 0.003, 0.001
"""A configuration item that AWS Config records continuously, and an evaluation of a rule, of the first 100,000
(https://aws.amazon.com/config/pricing/; the same figures at https://www.vantage.sh/blog/aws-config-pricing)."""
