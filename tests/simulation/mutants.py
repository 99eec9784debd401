"""Bugs that are planted to see whether the simulation finds them: each is one that a provider like this really has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """A bug: in a file of the product, `bug` stands where `code` was.

    The witness is a world that it is found in: a seed, or a life without any fault.
    """

    name: str
    file: str
    code: str
    bug: str
    witness: int | str

    def plant(self, package: Path) -> None:
        """Put it into a copy of the product.

        Raises:
            ValueError: The code is not there once.
        """
        path = package / self.file
        text = path.read_text()
        if text.count(self.code) != 1:
            message = f"{self.name}: {self.file} has its code {text.count(self.code)} times: {self.code!r}"
            raise ValueError(message)
        path.write_text(text.replace(self.code, self.bug))


MUTANTS = (
    Mutant(
        "whoever has a record on the stream is its owner",
        "model.py",
        "return self.ownership is not None and self.ownership.owner == owner",
        "return self.ownership is not None",
        "rename",
    ),
    Mutant(
        "a key change stops the encryption first",
        "decide.py",
        "    return _ask(Start(stream, goal.key_id, reason), stream, seen, memory, lost)",
        "    first = Stop(stream, stream.key_id, reason) if stream.key_id else Start(stream, goal.key_id, reason)\n"
        "    return _ask(first, stream, seen, memory, lost)",
        "create and delete at once",
    ),
    Mutant(
        "an UPDATING stream is taken for ACTIVE",
        "kinesis.py",
        'StreamStatus(summary["StreamStatus"])',
        'StreamStatus(summary["StreamStatus"].replace("UPDATING", "ACTIVE"))',
        40,
    ),
    Mutant(
        "a stale ACTIVE is trusted",
        "memory.py",
        "    if memory.doubted and seen.now - shown_since < TRUST_SECONDS:",
        "    if False:",
        2,
    ),
    Mutant(
        "SettleSeconds are not waited for",
        "decide.py",
        "left = memory.settling_since + goal.settle_seconds - seen.now",
        "left = memory.settling_since - seen.now",
        "create and delete",
    ),
    Mutant(
        "a failed Update answers another id",
        "request.py",
        '        if self.type != "Create" and self.physical_id:',
        '        if self.type == "Delete" and self.physical_id:',
        "roll a change back",
    ),
    Mutant(
        "an answer is sent twice",
        "answer.py",
        '            if outcome == "delivered":',
        '            if outcome == "delivered" and _try(url, body, self.send):',
        "create and delete",
    ),
    Mutant(
        "a request that was handed over is answered as well",
        "protocol.py",
        "        if not self._handed_over:",
        "        if True:",
        "create and delete",
    ),
    Mutant(
        "the record goes before the encryption is undone",
        "decide.py",
        "    undone = seen.as_wanted or memory.conceded is not None",
        "    undone = True",
        "create and delete",
    ),
    Mutant(
        "a Delete always stops, whatever was before",
        "decide.py",
        "    return ownership.predecessor.key_id if ownership.predecessor else ownership.before",
        "    return None",
        "create and delete at once",
    ),
    Mutant(
        "a Delete never calls off what may still be at work",
        "decide.py",
        "    return memory.unmarked or tags.calls_off(goal)",
        "    return True",
        14,
    ),
    Mutant(
        "a request that was called off goes on",
        "decide.py",
        "    if tags is not None and _called_off(goal, tags, seen, memory):",
        "    if False:",
        "roll a creation back",
    ),
    Mutant(
        "an older request goes on beside a later one",
        "model.py",
        "        return self.demanded_at > goal.issued_at",
        "        return False",
        20,
    ),
    Mutant(
        "what was seen long ago is acted upon",
        "converge.py",
        "FRESH_SECONDS = 5.0",
        "FRESH_SECONDS = 1e9",
        19,
    ),
    Mutant(
        "keys are compared by their names",
        "observe.py",
        "    return other is not None and one.identity == other.identity",
        "    return other is not None and one.key_id == other.key_id",
        3,
    ),
    Mutant(
        "a Start is called although the key is the wanted one",
        "decide.py",
        "    if not seen.as_wanted:\n        return _start(goal",
        "    if not seen.as_wanted or not memory.changes:\n        return _start(goal",
        "already as wanted",
    ),
    Mutant(
        "only the last of the former owners is remembered",
        "decide.py",
        "Predecessor(record.owner, current, record.predecessor, since)",
        "Predecessor(record.owner, current, None, since)",
        "take over, rename and give back",
    ),
    Mutant(
        "a rate that is exceeded fails the request",
        "refusals.py",
        '"rate exceeded" in message.lower()',
        '"rate exceeded" in message',
        1,
    ),
    Mutant(
        "a record of a later request is overwritten",
        "decide.py",
        "    if tags is not None and tags.is_newer_than(goal):",
        "    if False:",
        20,
    ),
    Mutant(
        "the log holds the ResponseURL",
        "protocol.py",
        "self.Status, self.Reason = FAILED, without_secrets(reason, url)",
        'self.Status, self.Reason = FAILED, f"{reason} {url}"',
        20,
    ),
)
