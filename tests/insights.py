"""As much of CloudWatch Logs Insights as the dashboard's queries need, so that they run on the log lines they are for.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax".
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]
Table = tuple[list[str], list[list[Any]]]

_TERM = re.compile(r'(?P<field>\S+) (?:= (?P<value>"[^"]*")|in \[(?P<values>[^\]]*)\]|like /(?P<pattern>.*)/)')


def run(query: str, lines: Sequence[Line]) -> Table:
    """Run a query: the columns' names, and the rows.

    Raises:
        ValueError: It holds a command, or a condition, that is not known here.
    """
    columns: list[str] = []
    rows = [dict(line) for line in lines]
    for command in commands(query):
        name, _, rest = command.partition(" ")
        match name:
            case "fields":
                columns += _names(rest)
            case "filter":
                rows = [row for row in rows if all(_holds(term, row) for term in rest.split(" and "))]
            case "parse":
                rows = [row | _parsed(rest, row) for row in rows]
            case "stats":
                columns, rows = _counted(rest, rows)
            case "sort":
                field, _, order = rest.partition(" ")
                rows.sort(key=lambda row, field=field: row[field], reverse=order == "desc")  # type: ignore[misc]
            case "limit":
                rows = rows[: int(rest)]
            case _:
                raise ValueError(f"unknown command: {command}")
    return columns, [[row.get(column, "") for column in columns] for row in rows]


def commands(query: str) -> list[str]:
    """A query's commands."""
    return [command.strip() for command in re.split(r"\s*(?:^|\n)\| ", query.strip())]


def fields_of(query: str) -> set[str]:
    """The fields that a query expects in the log lines: not those that it makes itself."""
    read, made = set(), set()
    for command in commands(query):
        name, _, rest = command.partition(" ")
        match name:
            case "fields":
                read |= set(_names(rest))
            case "filter":
                read |= {_term(term)["field"] for term in rest.split(" and ")}
            case "parse":
                read.add(rest.partition(" ")[0])
                made.add(rest.rpartition(" as ")[2])
            case "stats":
                made.add(rest.partition(" as ")[2].partition(" by ")[0])
                read |= set(_names(rest.partition(" by ")[2]))
            case "sort":
                read.add(rest.partition(" ")[0])
    return read - made


def _names(text: str) -> list[str]:
    return text.split(", ")


def _term(text: str) -> re.Match[str]:
    match = _TERM.fullmatch(text)
    if match is None:
        raise ValueError(f"unknown condition: {text}")
    return match


def _holds(text: str, row: Line) -> bool:
    term = _term(text)
    if term["pattern"]:
        return re.search(term["pattern"], str(row.get(term["field"], ""))) is not None
    values = re.findall(r'"([^"]*)"', term["value"] or term["values"])
    return row.get(term["field"]) in values


def _parsed(text: str, row: Line) -> Line:
    """`field "literal*literal" as name`: what the star stands for."""
    match = re.fullmatch(r'(\S+) "([^"]*)" as (\w+)', text)
    if match is None:
        raise ValueError(f"unknown pattern: {text}")
    before, after = match[2].split("*")
    found = re.search(f"{re.escape(before)}(.*?){re.escape(after)}", str(row.get(match[1], "")))
    return {match[3]: found[1]} if found else {}


def _counted(text: str, rows: Sequence[Line]) -> tuple[list[str], list[Line]]:
    """`count(*) as name by field, field`."""
    match = re.fullmatch(r"count\(\*\) as (\w+) by (.+)", text)
    if match is None:
        raise ValueError(f"unknown statistic: {text}")
    by = _names(match[2])
    counted = Counter(tuple(row.get(field, "") for field in by) for row in rows)
    return [*by, match[1]], [{**dict(zip(by, group, strict=True)), match[1]: n} for group, n in counted.items()]


def as_markdown(table: Table) -> str:
    """The table, for a page."""
    columns, rows = table
    head, *lines = (f"| {' | '.join(map(str, row))} |" for row in (columns, *rows))
    return "\n".join([head, f"|{'---|' * len(columns)}", *lines])
