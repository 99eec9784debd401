"""The meaning of the names in a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True)
class Scope:
    """The meaning of the names in a template.

    Attributes:
        values: Parameters and pseudo parameters.
        mappings: The template's Mappings.
        conditions: The template's Conditions, as written.
        open_conditions: An include or a loop may bring more conditions.
        exports: The values that other stacks export; None where they could not be listed.
        attributes: What is known of resources: `Stream` for Ref, `Stream.Arn` for GetAtt.
        resources: The resources that there are, each with the attributes that it gives, or None where it may give any;
            None instead of them all where there may be others.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    open_conditions: bool = False
    exports: Mapping[str, str] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Collection[str] | None] | None = None
