"""What Kinesis demands of tags."""

import re
from collections.abc import Iterable, Mapping

MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
# Unicode letters, digits and white space, and these signs. \w holds the underscore too, and is Unicode's own.
ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")


def fault_in_keys(keys: Iterable[str]) -> str | None:
    """Say what is wrong with tag keys, if anything is."""
    for key in keys:
        if not 1 <= len(key) <= LONGEST_KEY:
            return f"a tag key must have 1 to {LONGEST_KEY} characters"
        if not ALLOWED.fullmatch(key):
            return (
                "some tags contained illegal characters. The allowed characters are Unicode letters,"
                " white-spaces, '_',',','/','=','+','-','@'."
            )
        if key.lower().startswith("aws:"):
            return "tag keys that start with 'aws:' are reserved for system use"
    return None


def fault_in_tags(tags: Mapping[str, str], present: Mapping[str, str]) -> str | None:
    """Say what is wrong with adding tags to those that are present, if anything is."""
    fault = fault_in_keys(tags)
    if fault:
        return fault
    for value in tags.values():
        if len(value) > LONGEST_VALUE:
            return f"a tag value must have at most {LONGEST_VALUE} characters"
        if not ALLOWED.fullmatch(value):
            return (
                "some tags contained illegal characters. The allowed characters are Unicode letters,"
                " white-spaces, '_',',','/','=','+','-','@'."
            )
    if len(tags.keys() | present.keys()) > MOST_TAGS:
        return f"a given stream cannot have more than {MOST_TAGS} tags associated with it."
    return None
