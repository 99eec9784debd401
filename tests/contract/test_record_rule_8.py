"""Rule 8: a Delete releases the claim of its own PhysicalResourceId; a failed Create's id names that very request.

With rollback disabled CloudFormation keeps a failed Create, and deletes it upon the next stack operation: whether
before or after the new Create of the same logical id is not known, so both orders have to be safe.
"""

from collections.abc import Mapping

import pytest

from tests.contract.stories import (
    INVENTED,
    MARKER,
    ONE,
    TWO,
    Answer,
    create,
    delete,
    failed,
    made,
    ok,
    owners,
    send,
    starts,
    stops,
    update,
)
from tests.provider import Provider


def failed_create(provider: Provider, properties: Mapping[str, str] = ONE) -> Answer:
    """A Create that has started the encryption, and then failed: the stream was UPDATING for too long."""
    provider.kinesis.settings.updating = 600
    answer = failed(send(provider, create({**properties, "ServiceTimeout": "60"})), "DeadlineExceeded")
    provider.kinesis.settings.updating = 2
    provider.clock.sleep(700)
    return answer


def test_a_failed_creates_id_names_that_very_request() -> None:
    """Rule 8: a digest in the marker, which is another one for each request."""
    provider = made()
    first, second = (failed_create(provider, wanted)["PhysicalResourceId"] for wanted in (ONE, TWO))
    assert first.startswith(MARKER)
    assert second.startswith(MARKER)
    assert first != second


def test_the_delete_of_a_failed_create_undoes_it() -> None:
    """Rule 8 and promise 3: with rollback enabled it follows at once."""
    provider = made()
    answer = failed_create(provider)
    assert provider.key_of() == provider.one.arn
    ok(send(provider, delete(ONE, PhysicalResourceId=answer["PhysicalResourceId"])))
    assert (provider.key_of(), owners(provider)) == (None, [])


@pytest.mark.parametrize("anew", [ONE, TWO], ids=["the same key", "another key"])
def test_a_failed_create_that_is_deleted_after_the_new_create_does_not_touch_it(anew: dict[str, str]) -> None:
    """Rule 8, the worst fault that was found: the clean-up decrypted the live stream."""
    provider = made()
    old_id = failed_create(provider)["PhysicalResourceId"]
    ok(send(provider, create(anew)))
    live, made_before = provider.key_of(), provider.changes()
    provider.clock.sleep(1)
    ok(send(provider, delete(ONE, PhysicalResourceId=old_id)))
    assert (provider.key_of(), owners(provider), provider.changes()) == (live, ["Encryption"], made_before)


def test_a_failed_create_that_is_deleted_while_the_new_create_waits_does_not_touch_it() -> None:
    """Rule 8: the new Create has not announced its Start yet, since the stream is still UPDATING from the old one."""
    provider = made()
    provider.kinesis.settings.updating = 100
    answer = failed(send(provider, create({**ONE, "ServiceTimeout": "60"})), "DeadlineExceeded")
    event = delete(ONE, PhysicalResourceId=answer["PhysicalResourceId"])
    provider.kinesis.faults.before_call(lambda _: ok(send(provider, event)), "DescribeStreamSummary", skip=3)
    ok(send(provider, create()))
    assert (provider.key_of(), owners(provider), stops(provider)) == (provider.one.arn, ["Encryption"], 0)


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_failed_create_that_is_deleted_before_the_new_create_does_not_stop_it(seconds: int) -> None:
    """Rule 8: the other order, in one second or in two."""
    provider = made()
    old_id = failed_create(provider)["PhysicalResourceId"]
    anew = provider.fresh_url()
    provider.clock.sleep(seconds)
    ok(send(provider, delete(ONE, PhysicalResourceId=old_id)))
    ok(send(provider, create(), anew if seconds == 0 else None))
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, ["Encryption"])


def test_a_failed_create_that_is_deleted_while_it_has_to_wait_does_not_stop_an_older_create() -> None:
    """Rule 8: CloudFormation may issue the new Create first, and Lambda deliver the clean-up first."""
    provider = made()
    provider.kinesis.next_updating.append(100)
    first = failed(send(provider, create({**ONE, "ServiceTimeout": "40"})), "DeadlineExceeded")
    second, answers = provider.fresh_url(), list[Answer]()
    provider.clock.sleep(2)
    provider.clock.after(5, lambda: answers.append(send(provider, create(TWO), second)))
    ok(send(provider, delete(ONE, PhysicalResourceId=first["PhysicalResourceId"])))
    ok(answers[0])
    assert (provider.key_of(), owners(provider)) == (provider.two.arn, ["Encryption"])


def test_an_update_under_the_markers_id_and_its_clean_up_leave_the_stream_encrypted() -> None:
    """Rule 8: the Update answers the stream's ARN, so CloudFormation cleans the marker's id up."""
    provider = made()
    old_id = failed_create(provider)["PhysicalResourceId"]
    updated = ok(send(provider, update(TWO, ONE, PhysicalResourceId=old_id)))
    assert updated["PhysicalResourceId"].endswith("stream/orders")
    provider.clock.sleep(1)
    ok(send(provider, delete(ONE, PhysicalResourceId=old_id)))
    assert (provider.key_of(), owners(provider), stops(provider)) == (provider.two.arn, ["Encryption"], 0)


def test_what_the_failed_create_found_is_restored_in_the_end() -> None:
    """Rule 8 and promise 3: the new Create's claim is the old one, and found what that found."""
    provider = made("alias/three")
    old_id = failed_create(provider)["PhysicalResourceId"]
    ok(send(provider, create(TWO)))
    provider.clock.sleep(1)
    ok(send(provider, delete(ONE, PhysicalResourceId=old_id)))
    ok(send(provider, delete(TWO)))
    assert provider.key_of() == "alias/three"


def test_two_failed_creates_are_deleted_in_either_order() -> None:
    """Rule 8: each Delete releases only what its own Create did; the last one's has the claim."""
    for order in ([0, 1], [1, 0]):
        provider = made()
        ids = [failed_create(provider, wanted)["PhysicalResourceId"] for wanted in (ONE, TWO)]
        for which in order:
            ok(send(provider, delete(ONE, PhysicalResourceId=ids[which])))
            provider.clock.sleep(1)
        assert (provider.key_of(), owners(provider)) == (None, [])


def test_the_delete_of_an_id_that_cloudformation_invented_undoes_the_create_that_it_overtakes() -> None:
    """Rule 8 and promise 6: CloudFormation cancels a Create that is still at work, and never hears of its SUCCESS."""
    provider = made()
    create_url = provider.fresh_url()
    provider.kinesis.faults.before_call(
        lambda _: ok(send(provider, delete(ONE, PhysicalResourceId=INVENTED))), "DescribeStreamSummary", skip=1
    )
    failed(send(provider, create(), create_url), "Superseded")
    assert (provider.key_of(), owners(provider)) == (None, [])


def test_the_delete_of_an_invented_id_leaves_a_later_create_that_has_settled() -> None:
    """Rule 8: it can't be for a claim that a later Create has settled."""
    provider = made()
    ok(send(provider, create()))
    provider.clock.sleep(60)
    ok(send(provider, create()))
    provider.clock.sleep(60)
    ok(send(provider, delete(ONE, PhysicalResourceId=INVENTED)))
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, ["Encryption"])


@pytest.mark.parametrize("on_delete", ["Restore", "Stop", "Keep"])
@pytest.mark.parametrize("invented", [False, True], ids=["failed", "cancelled"])
@pytest.mark.parametrize("before", [None, "alias/three"], ids=["unencrypted", "another key"])
def test_a_create_that_failed_or_was_cancelled_is_undone_unless_on_delete_is_keep(
    before: str | None, on_delete: str, *, invented: bool
) -> None:
    """Rule 8 and promise 3: what it found comes back; Keep never ends encryption."""
    provider = made(before)
    properties = {**ONE, "OnDelete": on_delete}
    physical_id = failed_create(provider, properties)["PhysicalResourceId"]
    assert provider.key_of() == provider.one.arn
    ok(send(provider, delete(properties, PhysicalResourceId=INVENTED if invented else physical_id)))
    left = provider.one.arn if on_delete == "Keep" else before
    assert (provider.key_of(), owners(provider)) == (left, [])


def test_a_create_that_changed_nothing_is_no_licence_to_stop_the_encryption() -> None:
    """Rule 8 and promise 3: as found, `OnDelete: Stop` ended the encryption of the stream's owner in the rollback."""
    provider = made("alias/three")
    provider.one.denies_use = True
    properties = {**ONE, "OnDelete": "Stop"}
    answer = failed(send(provider, create(properties)), "KeyUnusable")
    ok(send(provider, delete(properties, PhysicalResourceId=answer["PhysicalResourceId"])))
    assert (provider.key_of(), starts(provider), stops(provider), owners(provider)) == ("alias/three", 0, 0, [])


def test_an_update_under_an_invented_id_and_its_clean_up_leave_the_stream_encrypted() -> None:
    """Rule 8: with rollback disabled, CloudFormation keeps a cancelled Create under the id that it invented."""
    provider = made()
    failed_create(provider)
    updated = ok(send(provider, update(TWO, ONE, PhysicalResourceId=INVENTED)))
    assert updated["PhysicalResourceId"].endswith("stream/orders")
    provider.clock.sleep(1)
    ok(send(provider, delete(ONE, PhysicalResourceId=INVENTED)))
    assert (provider.key_of(), owners(provider), stops(provider)) == (provider.two.arn, ["Encryption"], 0)
    ok(send(provider, delete(TWO)))
    assert (provider.key_of(), owners(provider)) == (None, [])


@pytest.mark.parametrize("at_work", [True, False], ids=["at work", "not delivered yet"])
def test_an_update_of_a_failed_create_that_the_delete_overtakes_changes_nothing_more(*, at_work: bool) -> None:
    """Rules 3 and 8: CloudFormation cancels the Update, and deletes the failed Create whose id it came under."""
    provider = made()
    old_id = failed_create(provider)["PhysicalResourceId"]
    url = provider.fresh_url()
    provider.clock.sleep(1)
    remove = delete(ONE, PhysicalResourceId=old_id)
    if at_work:
        provider.kinesis.faults.before_call(lambda _: ok(send(provider, remove)), "DescribeStreamSummary", skip=1)
    else:
        ok(send(provider, remove))
    failed(send(provider, update(TWO, ONE, PhysicalResourceId=old_id), url), "Superseded")
    assert (provider.key_of(), owners(provider)) == (None, [])


def test_an_update_of_a_failed_create_that_comes_after_an_unheard_delete_works() -> None:
    """Rules 3 and 8, the other way: CloudFormation never heard that the Delete had succeeded, and goes on."""
    provider = made()
    old_id = failed_create(provider)["PhysicalResourceId"]
    ok(send(provider, delete(ONE, PhysicalResourceId=old_id)))
    provider.clock.sleep(60)
    ok(send(provider, update(TWO, ONE, PhysicalResourceId=old_id)))
    assert (provider.key_of(), owners(provider)) == (provider.two.arn, ["Encryption"])
