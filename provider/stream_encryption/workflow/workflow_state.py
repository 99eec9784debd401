"""What is handed over to the state machine: the request, and how far it has come, as JSON with a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from stream_encryption.cloudformation.request import Request
from stream_encryption.codec import decode, encode
from stream_encryption.reconcile.goals import RevokeDue
from stream_encryption.reconcile.progress import Progress

VERSION = 2


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """A request, or a mend, that goes on in the workflow.

    Attributes:
        event: CloudFormation's event, without its properties: they have become goals. It holds the ResponseURL. Empty
            for a mend, which nobody waits for.
        deadline: When the response has to be sent, in epoch seconds.
        progress: How far the request has come.
        seconds: How long the state machine waits before the next step.
    """

    event: Mapping[str, Any]
    deadline: float
    progress: Progress
    seconds: int

    @classmethod
    def of(cls, event: Mapping[str, Any], deadline: float, progress: Progress, seconds: float) -> WorkflowState:
        """Make the state for the next step, in so many seconds.

        A state machine waits whole seconds, and takes time for each transition, so the rest is left to the next step.
        """
        return cls(event, deadline, progress, max(1, int(seconds)))

    @staticmethod
    def is_state(event: object) -> bool:
        """Tell whether the function was invoked by the state machine, not by CloudFormation."""
        return isinstance(event, dict) and {"Version", "Progress"} <= event.keys() and "ResponseURL" not in event

    def to_json(self) -> dict[str, Any]:
        """Make the input of an execution, or the state for the next step."""
        return {
            "Version": VERSION,
            **({"Event": _without_properties(self.event)} if self.event else {}),
            # For the failure responder, which does not read Progress.
            "Stream": self.progress.goals[-1].stream.name,
            "Deadline": self.deadline,
            "Progress": encode(self.progress),
            "Seconds": self.seconds,
            "Done": False,
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> WorkflowState:
        """Read a state, from this version of the function or an older one.

        Raises:
            KeyError, TypeError, ValueError: The function did not write the state.
        """
        deadline, seconds = decode(float, state["Deadline"]), decode(int, state["Seconds"])
        return cls(state["Event"], deadline, decode(Progress, state["Progress"]), seconds)

    def checked(self, request: Request) -> WorkflowState:
        """Verify that the state belongs to its request, and limit its deadline to the time that CloudFormation waits.

        Raises:
            ValueError: No goal is left, or the goals are another owner's.
        """
        goals = self.progress.goals
        if not goals or any(isinstance(goal, RevokeDue) or goal.owner != request.owner for goal in goals):
            raise ValueError("the state's goals are not those of its request")
        return replace(self, deadline=min(request.deadline, self.deadline))


def _without_properties(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if not name.endswith("Properties")}
