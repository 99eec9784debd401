"""What is so in a life of grants: which grants there are, what the resources want, and what is on the streams."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fake_stream import DELETING, Stream
from tests.simulation.grant_stacks import Place, Request, Resource
from tests.simulation.grant_uses import FOREIGN, Use, key_arn, use_of, uses
from tests.watch.watched import Watched


@dataclass(frozen=True, slots=True)
class Facts:
    """A life's world and resources, and questions about them."""

    world: Watched
    resources: dict[Place, Resource]

    def granted(self) -> dict[Use, float]:
        """The provider's grants, and when each was made, in epoch seconds."""
        return {use_of(one): one.made_at for one in self.world.kms.grants.all if one.name != FOREIGN}

    def asked(self, request: Request | None) -> set[Use]:
        """What a Create or Update wants."""
        return uses(self.world.kms, request.properties) if request and request.kind != "Delete" else set()

    def of(self, resource: Resource | None) -> set[Use]:
        """What a resource wants, or may want: its last request can have failed."""
        if resource is None:
            return set()
        tried = uses(self.world.kms, resource.tried) if resource.tried else set()
        return uses(self.world.kms, resource.properties) | tried

    def wanted(self, but: Request | None = None, *, surely: bool = False) -> set[Use]:
        """What the resources want, without the one that a request is for; `surely`: without failed ones."""
        there = [one for place, one in self.resources.items() if but is None or place != but.place]
        return {use for one in there if one.tried is None or not surely for use in self.of(one)}

    def wanted_keys(self, but: Request) -> set[str]:
        """The keys that other resources want for a request's stream."""
        there = [one for place, one in self.resources.items() if place != but.place and one.stream == but.stream]
        return {key_arn(self.world.kms, one.properties["KeyId"]) for one in there}

    def in_force(self, stream: str) -> Resource | None:
        """The resource that decides on a stream; None where there is none, or that is not certain.

        It is certain while all their requests have ended well, and upon this very stream.
        """
        there = [one for one in self.resources.values() if one.stream == stream]
        created = self.world.kinesis.streams[stream].created if stream in self.world.kinesis.streams else 0.0
        certain = all(one.tried is None and one.since > created for one in there)
        return max(there, key=lambda one: one.since, default=None) if certain else None

    def stream(self, name: str) -> Stream | None:
        """A stream; None if it is gone."""
        stream = self.world.kinesis.streams.get(name)
        return None if stream is None or stream.status == DELETING else stream

    def has(self, use: Use) -> bool:
        """Whether the stream has the key, or is about to."""
        stream = self.stream(use.stream)
        return stream is not None and self._is(stream.encryption.key_id, use)

    def encrypts(self, use: Use) -> bool:
        """Whether data records are encrypted with the key now."""
        stream = self.stream(use.stream)
        return stream is not None and self._is(stream.in_force.key_id, use)

    def is_changed_by_provider(self, use: Use) -> bool:
        """Whether the stream has the key, or the provider has given it another; not whether others have."""
        whys = [one.why for one in self.world.kinesis.history if one.stream == use.stream]
        last = [why for why in whys if why in ("start", "stop", "people")][-1:]
        return self.has(use) or last != ["people"]

    def encrypted_until(self, use: Use) -> float:
        """When a data record was last encrypted with the key, in epoch seconds; 0 if never."""
        last, had = 0.0, False
        for state in self.world.kinesis.history:
            if state.stream == use.stream:
                last = state.at if had else last
                had = self._is(state.in_force.key_id, use)
        return self.world.clock.now() if had and self.stream(use.stream) else last

    def _is(self, key_id: str | None, use: Use) -> bool:
        return key_id is not None and key_arn(self.world.kms, key_id) == use.key
