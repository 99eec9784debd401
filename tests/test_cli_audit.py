"""An audit tells of every stream how it is, and takes no more of the account's quotas than it may."""

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise

import pytest

from stream_encryption.record.changes import INTENT_SECONDS
from stream_encryption_cli import audit, audit_report
from stream_encryption_cli.account import Access
from stream_encryption_cli.audit import Looks, Row
from stream_encryption_cli.engine import Place
from stream_encryption_cli.pace import Pace
from stream_encryption_cli.places import Part
from stream_encryption_cli.reader import KeyReader, RecordReader, StreamReader
from stream_encryption_cli.screen import Screen
from tests.builders import STACK_ID, create_event
from tests.fake_clock import Clock
from tests.fake_errors import Kind
from tests.provider import Provider


def looks(provider: Provider) -> Looks:
    """Look into a world."""
    records = RecordReader(provider.table.client, provider.table.name)
    return Looks(StreamReader(provider.kinesis.client), records, KeyReader(lambda: provider.kms.client))


def rows(provider: Provider) -> dict[str, Row]:
    """Audit a world; each stream's row by its name."""
    names = audit.names(looks(provider).streams, provider.clock)
    found = list(audit.rows(names, looks(provider), provider.clock))
    assert [row.stream for row in found] == names
    return {row.stream: row for row in found}


def part(found: Sequence[Row]) -> Part[Row]:
    """These rows, of one account and region."""
    return Part(Access(), Place("us-east-1", "123456789012"), tuple(found))


def shown(found: Sequence[Row]) -> str:
    """The table, as a pipe gets it."""
    os.environ.pop("COLUMNS", None)
    stream = io.StringIO()
    audit_report.show([part(found)], Screen(stream))
    return stream.getvalue()


def furnished() -> Provider:
    """A world with a stream for each thing that an audit can find."""
    provider = Provider()
    assert provider.handle(create_event({"StreamName": "orders", "KeyId": "alias/one"}))["Status"] == "SUCCESS"
    provider.kinesis.add_stream("clicks")
    provider.kinesis.add_stream("archive", "alias/two")
    provider.two.state = "Disabled"
    provider.kinesis.add_stream("invoices", provider.one.arn)
    provider.kinesis.add_stream("foreign", provider.kms.add_key(denies_describe=True).key_id)
    provider.kinesis.people.reshard("clicks", 60.0)
    return provider


def test_every_stream_is_told_with_its_key_its_owner_and_what_was_before() -> None:
    """What a platform team has to know of an account; nothing of it is changed."""
    provider = furnished()
    changed = len(provider.changes())
    found = rows(provider)
    arn = provider.kinesis.streams["orders"].arn
    one, foreign = provider.one.arn, provider.kinesis.streams["foreign"].encryption.key_id
    owner = (STACK_ID, "Encryption", "NONE", "alias/one", "2026-01-01T00:00:00Z")
    assert found["orders"] == Row("orders", arn, "ACTIVE", "KMS", one, one, "usable", *owner)
    assert found["clicks"] == Row("clicks", arn.replace("orders", "clicks"), "UPDATING", "NONE")
    assert found["archive"].key == "is Disabled: enable it"
    assert (found["invoices"].key_arn, found["invoices"].key) == (one, "usable")
    assert (found["foreign"].key_id, found["foreign"].key_arn, found["foreign"].key) == (foreign, "", "unknown")
    assert len(provider.changes()) == changed


def test_a_call_that_the_provider_is_about_to_make_is_told() -> None:
    """Until it can't be in flight any more."""
    provider, told = Provider(), list[str]()

    def look(_call: object) -> None:
        told.append(rows(provider)["orders"].pending)

    provider.kinesis.faults.before_call(look, "StartStreamEncryption")
    assert provider.handle(create_event({"StreamName": "orders", "KeyId": "alias/one"}))["Status"] == "SUCCESS"
    assert told == [f"StartStreamEncryption of {provider.one.arn} until 2026-01-01T00:00:{INTENT_SECONDS:02.0f}Z"]
    assert rows(provider)["orders"].pending == ""


def test_a_key_that_many_streams_have_is_looked_up_once() -> None:
    """Thousands of streams must not become thousands of calls to KMS."""
    provider = Provider()
    for number in range(20):
        provider.kinesis.add_stream(f"stream-{number:02}", "alias/one")
    rows(provider)
    assert len(provider.kinesis.calls.named("DescribeKey")) == 1


def test_a_stream_that_goes_away_meanwhile_has_no_row() -> None:
    """Between the list and the look."""
    provider = furnished()
    names = audit.names(looks(provider).streams, provider.clock)
    provider.kinesis.people.delete("orders")
    found = audit.rows(names, looks(provider), provider.clock)
    assert [row.stream for row in found] == ["archive", "clicks", "foreign", "invoices"]


def test_what_could_not_be_looked_at_is_said_and_the_rest_is_told() -> None:
    """One denied call must not cost the whole audit, nor pass for an answer."""
    provider = furnished()
    provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    provider.kinesis.faults.fail_next("GetItem", Kind.ACCESS_DENIED)
    provider.kinesis.faults.fail_next("DescribeKey", Kind.THROTTLING)
    found = rows(provider)
    assert found["archive"].fault.startswith("kinesis:DescribeStreamSummary of archive failed: AccessDenied")
    assert (found["archive"].status, found["archive"].encryption) == ("", "")
    assert found["clicks"].fault.startswith("dynamodb:GetItem of kinesis-stream-encryption-record failed")
    assert found["clicks"].status == "UPDATING"
    assert (found["foreign"].key, found["foreign"].fault.count("kms:DescribeKey")) == ("unknown", 1)
    assert found["orders"].fault == ""


def test_the_account_s_quotas_are_half_left_to_others() -> None:
    """ListStreams 5 a second and DescribeStreamSummary 20, of which the provider needs some itself."""
    provider = Provider()
    for number in range(2500):
        provider.kinesis.add_stream(f"stream-{number:04}")
    told = list[int]()
    names = audit.names(looks(provider).streams, provider.clock, told.append)
    assert (len(names), told) == (2501, [1000, 2000, 2501])
    list(audit.rows(names[:100], looks(provider), provider.clock))
    for action, most in (("ListStreams", 2.5), ("DescribeStreamSummary", 10)):
        times = [call.at for call in provider.kinesis.calls.named(action)]
        assert min(later - earlier for earlier, later in pairwise(times)) >= 0.999 / most


def test_a_pace_waits_only_for_who_is_early() -> None:
    """Whoever was busy for long enough goes on at once, and saves nothing up."""
    clock = Clock()
    pace, start = Pace(clock, 2), clock.now()
    pace.wait()
    pace.wait()
    assert clock.now() == start + 0.5
    clock.sleep(10)
    pace.wait()
    assert clock.now() == start + 10.5
    pace.wait()
    assert clock.now() == start + 11


@pytest.fixture(name="found")
def _found() -> Sequence[Row]:
    return list(rows(furnished()).values())


def test_json_and_csv_hold_every_field(found: Sequence[Row]) -> None:
    """For a program and for a spreadsheet."""
    place = {"profile": "", "account": "123456789012", "region": "us-east-1"}
    every = [place | asdict(row) for row in found]
    assert json.loads(audit_report.as_json([part(found)])) == every
    assert list(csv.DictReader(io.StringIO(audit_report.as_csv([part(found)], Row)))) == every


def test_the_table_tells_a_person_at_a_glance(found: Sequence[Row]) -> None:
    """Whose account it is, which key an alias means, whether it can be used, and which resource manages it."""
    text = shown(found)
    assert text.startswith("Account 123456789012, region us-east-1\n\nSTREAM ")
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "  key/00000001-1111-4222-8333-444455556666  " in lines["orders"]
    assert "usable                  Encryption of platform-encryption  NONE   alias/one" in lines["orders"]
    assert "alias/two = 00000002" in lines["archive"]
    assert "is Disabled: enable it" in lines["archive"]
    assert lines["clicks"] == "clicks    UPDATING  NONE"
    assert text.endswith("5 streams: 4 encrypted (1 with a key that can't be used), 1 not; 1 managed by a stack.\n")


def test_the_table_tells_what_could_not_be_looked_at_beneath() -> None:
    """The reason has no room in it; the same reason of many streams is told once."""
    assert "\n\norders: denied\n\n1 stream:" in shown([Row("orders", fault="denied")])
    assert "\n\n2 streams: denied\n\n2 streams" in shown([Row("a", fault="denied"), Row("b", fault="denied")])
