"""Records of every shape, for tests that hold for each of them."""

from hypothesis import strategies as st

from stream_encryption.grants import Direction, Grant
from stream_encryption.record.requests import Departed, Latest
from stream_encryption.record.values import Change, Claim, Intent, Record, RecordedKey
from stream_encryption.record.watch_notes import Told, WatchNotes
from stream_encryption.values import OnDelete, OnDrift, Owner
from tests.builders import STREAM_ARN

SECONDS = st.integers(0, 4_000_000_000)
TIMES = st.integers(0, 4_000_000_000_000).map(lambda milliseconds: milliseconds / 1000)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
DIGESTS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
KEYS = st.builds(RecordedKey, TEXTS, TEXTS)
OWNERS = st.builds(Owner, TEXTS, TEXTS)
LATEST = st.builds(Latest, SECONDS, DIGESTS)

CLAIMS = st.builds(
    Claim,
    owner=OWNERS,
    found=st.none() | KEYS,
    wanted=KEYS,
    on_delete=st.sampled_from(OnDelete),
    latest=LATEST,
    creates=st.lists(TEXTS, max_size=2).map(tuple),
    succeeded=st.just("") | TEXTS,
    releasing=st.none() | LATEST,
    on_drift=st.sampled_from(OnDrift),
)
DEPARTED = st.builds(
    Departed,
    OWNERS,
    TIMES,
    SECONDS,
    st.lists(TEXTS, max_size=2).map(tuple),
    void=st.booleans(),
    released_with_create=st.just("") | TEXTS,
)
GRANTS = st.builds(
    Grant,
    key=TEXTS,
    principal=TEXTS,
    direction=st.sampled_from(Direction),
    owners=st.lists(OWNERS, max_size=2).map(tuple),
    grant_id=st.none() | TEXTS,
    made_at=TIMES,
    ended_at=st.none() | TIMES,
)
PENDING = st.builds(Intent, st.sampled_from(Change), KEYS, TEXTS, TEXTS, TIMES, TIMES, st.none() | GRANTS)

TOLD = st.builds(Told, TEXTS, TEXTS, TIMES, TEXTS, TEXTS)
WATCH = st.builds(WatchNotes, st.lists(TOLD, max_size=2).map(tuple), st.lists(TIMES, max_size=3).map(tuple))

RECORDS = st.builds(
    Record,
    stream=st.just(STREAM_ARN),
    version=st.integers(1, 2**53),
    incarnation=SECONDS,
    claims=st.lists(CLAIMS, max_size=3).map(tuple),
    departed=st.lists(DEPARTED, max_size=2).map(tuple),
    pending=st.none() | PENDING,
    key=st.none() | KEYS,
    started=st.booleans(),
    changed_at=TIMES,
    grants=st.lists(GRANTS, max_size=2).map(tuple),
    watch=WATCH,
)
