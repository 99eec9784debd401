"""mutmut, without the mutants that change only the words of a sentence: `python -m tests.mutate run …`.

Tests go by codes, so that sentences can change. A text without a space is no sentence: a code, a name of an action, or
the beginning of an ARN. Those are mutated as usual.
"""

from collections.abc import Iterable

import libcst
from mutmut.__main__ import cli
from mutmut.mutation import mutators
from mutmut.mutation.mutators import operator_string


def mutated_name(node: libcst.BaseString) -> Iterable[libcst.BaseString]:
    """Mutate a text that is no sentence."""
    if isinstance(node, libcst.SimpleString) and " " not in node.value:
        yield from operator_string(node)


mutators.mutation_operators[:] = [  # type: ignore[index]  # it is a list
    (kind, mutated_name if operator is operator_string else operator) for kind, operator in mutators.mutation_operators
]

if __name__ == "__main__":
    cli()
