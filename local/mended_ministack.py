"""Starts MiniStack with seven corrections. MiniStack's own Python runs this file, not the harness's.

1. MiniStack takes whatever a function returns for a success, or calls every failure "Runtime.HandlerError". AWS
   reports a function's error by a header, and Step Functions retries and catches errors by their names.
2. MiniStack's IAM checks a permission on the alias that a call to KMS names. AWS checks it on the key behind the alias.
3. MiniStack knows only customer managed keys. On AWS the key behind alias/aws/... is managed by AWS.
4. MiniStack has no CloudTrail, and refuses events under the name of an AWS service. The harness puts those of
   CloudTrail (local/trail.py) by the same call.
5. MiniStack's IAM does not know the condition key events:source, which AWS takes from the entries of PutEvents, nor
   those of CreateGrant.
6. MiniStack's KMS keeps and lists grants, but a grant allows nothing. On AWS it allows its operations with its
   encryption context, unless a policy denies them.
7. MiniStack's CloudFormation refuses alarms on metric math, and composite alarms. The first kind looks at the first of
   its metrics only; the second is made by MiniStack's CloudWatch.
"""

import json
import urllib.request
from typing import Any

from ministack.app import main
from ministack.core import iam_actions, iam_evaluator
from ministack.services import cloudwatch, eventbridge, kms, lambda_svc
from ministack.services.cloudformation import provisioners

FUNCTION_ERROR = "X-Amz-Function-Error"


def invoke(_function: dict[str, Any], event: Any, url: str, _request_id: str) -> dict[str, Any]:  # noqa: ANN401
    """Invoke a function at the address in its proxy variable, as Lambda's Invoke does."""
    request = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310  # nosec B310  # the harness's own address
        body = json.loads(reply.read() or b"null")
        return {"body": body, "error": True} if reply.headers.get(FUNCTION_ERROR) else {"body": body}


def enforce(caller: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any) -> Any:  # noqa: ANN401
    """Check the caller's permission on the key behind an alias, by policies and grants.

    An alias without a key is KMS's NotFoundException.
    """
    if service == "kms" and ":alias/" in resource_arn:
        key = kms._resolve_key(resource_arn)  # noqa: SLF001 - as its own handlers do
        if key is None:
            return None
        resource_arn = key["Arn"]
    denied = enforce_on(caller, action, service, region, resource_arn, **more)
    if service == "kms" and getattr(denied, "decision", "") == "ImplicitDeny":
        return None if granted(denied.principal_arn, action, more.get("service_context") or {}) else denied
    return denied


def granted(principal: str, action: str, context: dict[str, Any]) -> bool:
    """Whether a grant allows a role an action with a request's encryption context."""
    role = principal.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/").rpartition("/")[0]
    for grant in kms._grants.values():  # noqa: SLF001 - as its own handlers do
        wanted = (grant["Constraints"] or {}).get("EncryptionContextSubset", {})
        same = all(context.get(f"kms:EncryptionContext:{name}") == value for name, value in wanted.items())
        if grant["GranteePrincipal"] == role and action.removeprefix("kms:") in grant["Operations"] and same:
            return True
    return False


def key_metadata(record: dict[str, Any]) -> Any:  # noqa: ANN401
    """Describe a key; the one behind alias/aws/... as a key that AWS manages."""
    aliases = [arn for arn, key_id in kms._aliases.items() if key_id == record["KeyId"]]  # noqa: SLF001
    managed = {"KeyManager": "AWS"} if any(":alias/aws/" in arn for arn in aliases) else {}
    return {**describe_key(record), **managed}


def put_events(data: dict[str, Any], allow_aws_source: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002 - its own
    """Put events, those of AWS's services too."""
    return put_events_of_ours(data, allow_aws_source)


def request_context(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
    """Read a request's condition keys, the source of its events as well."""
    found: dict[str, Any] = tag_context(service, action, body, params)
    if action == "events:PutEvents":
        sources = {str(entry.get("Source")) for entry in json.loads(body or b"{}").get("Entries", [])}
        found["events:source"] = sources.pop() if len(sources) == 1 else None
    if action == "kms:CreateGrant":
        found |= grant_conditions(json.loads(body or b"{}"))
    if action in {"kms:GenerateDataKey", "kms:Decrypt"}:
        given = json.loads(body or b"{}").get("EncryptionContext") or {}
        found |= {f"kms:EncryptionContext:{name}": value for name, value in given.items()}
    return found


def grant_conditions(request: dict[str, Any]) -> dict[str, Any]:
    """Read the condition keys of CreateGrant that the provider's role has."""
    conditions = {"kms:GrantOperations": request.get("Operations") or None}
    for kind, context in (request.get("Constraints") or {}).items():
        conditions["kms:GrantConstraintType"] = kind
        conditions |= {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    return conditions


def metric_alarm(name: str, properties: dict[str, Any]) -> Any:  # noqa: ANN401
    """Describe an alarm; one on metric math as an alarm on the first of its metrics."""
    stats = [one["MetricStat"] for one in properties.get("Metrics") or [] if "MetricStat" in one]
    if stats:
        first = {**stats[0]["Metric"], "Period": stats[0]["Period"], "Statistic": stats[0]["Stat"]}
        properties = {**properties, **first, "Metrics": None}
    return metric_alarm_of_ours(name, properties)


def composite_alarm(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    """Create a composite alarm, or change it."""
    name = properties["AlarmName"]
    reply = cloudwatch._put_composite_alarm({}, properties, is_cbor=False, is_json=True)  # noqa: SLF001
    if name not in cloudwatch._composite_alarms:  # noqa: SLF001
        raise ValueError(f"the composite alarm {name} was refused: {reply}")
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}  # noqa: SLF001


def composite_alarm_changed(
    _physical_id: str, _old: dict[str, Any], new: dict[str, Any], stack: str
) -> tuple[str, dict[str, str]]:
    """Change a composite alarm in place."""
    return composite_alarm("", new, stack)


def composite_alarm_deleted(physical_id: str, _properties: dict[str, Any]) -> None:
    """Delete a composite alarm."""
    cloudwatch._composite_alarms.pop(physical_id, None)  # noqa: SLF001


metric_alarm_of_ours = provisioners._cw_metric_alarm_record  # noqa: SLF001
tag_context = iam_actions.request_tag_context
put_events_of_ours = eventbridge._put_events  # noqa: SLF001
enforce_on = iam_evaluator.enforce
describe_key = kms._key_metadata  # noqa: SLF001

if __name__ == "__main__":
    lambda_svc._execute_function_proxy = invoke  # noqa: SLF001 - corrected here
    kms._key_metadata = key_metadata  # noqa: SLF001 - corrected here
    iam_evaluator.enforce = enforce
    iam_actions.request_tag_context = request_context
    eventbridge._put_events = put_events  # noqa: SLF001 - corrected here
    provisioners._cw_metric_alarm_record = metric_alarm  # noqa: SLF001 - corrected here
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {  # noqa: SLF001 - corrected here
        "create": composite_alarm,
        "update": composite_alarm_changed,
        "delete": composite_alarm_deleted,
    }
    main()
