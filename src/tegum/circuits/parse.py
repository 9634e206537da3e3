"""Circuits as text: reading it. The grammar stands in docs/circuits.md.

One statement per line (or several with `;` between them), `#` begins a comment:

    features x1..x8             # names, and runs of numbered names
    y1 = x1 & x2                # ~ not, & and, ^ exclusive or, | or; the first binds most tightly
    y2 = maj(y1, x3, ~x4)       # also atleast(2, a, b, c) and table(0xe8, a, b, c)
    output y2                   # if there is no such line: the gates that no gate reads
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tegum.circuits.gates import Formula, at_least, combine, constant, majority, signals
from tegum.ground.errors import InputError

FUNCTIONS = ("maj", "atleast", "table")
RESERVED = ("features", "output", *FUNCTIONS)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|0[xX][0-9a-fA-F]+|[0-9]+|\.\.|[&|^~()=,]|\S")
_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,8})")
_LONGEST_RUN = 10_000_000
_LONGEST_NUMBER = 20  # digits of 2^64
_OPERATORS = "the operators are ~ (not), & (and), ^ (exclusive or) and | (or)"


@dataclass(frozen=True)
class Statements:
    """What a text says, or a caller in Python; with the line of each name and of each output, where there are lines."""

    features: list[str] = field(default_factory=list)
    gates: dict[str, Formula] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    output_lines: list[int] = field(default_factory=list)


def parse(text: str) -> Statements:
    r"""Read a circuit's text; what its names refer to is not looked at yet.

    Raises:
        InputError: the text does not follow the grammar, or defines a name twice; the message begins with the line.
            Or it is no text.

    Example:
        >>> read = parse("features a b  # two\ny = a & ~b")
        >>> read.features, read.gates, read.lines["y"]
        (['a', 'b'], {'y': Formula(inputs=('a', 'b'), table=2)}, 2)
    """
    if not isinstance(text, str):
        raise InputError(f"a circuit's text must be a str; got {text!r}. A file is read by Circuit.read(path).")
    found = Statements()
    for number, line in enumerate(text.splitlines(), 1):
        for statement in line.split("#")[0].split(";"):
            tokens = _TOKEN.findall(statement)
            if tokens:
                try:
                    _read(tokens, number, found)
                except InputError as error:
                    raise InputError(f"line {number}: {error}") from None
                except RecursionError:
                    deep = "the expression is nested too deeply. Name a part of it as a signal of its own."
                    raise InputError(f"line {number}: {deep}") from None
    return found


def _read(tokens: list[str], number: int, found: Statements) -> None:
    if tokens[0] == "features" and tokens[1:2] != ["="]:
        names = _names(tokens[1:], tokens[0])
        for name in names:
            _claim(name, number, found)
        found.features.extend(names)
    elif tokens[0] == "output" and tokens[1:2] != ["="]:
        names = _names(tokens[1:], tokens[0])
        found.outputs.extend(names)
        found.output_lines.extend([number] * len(names))
    elif tokens[1:2] == ["="]:
        _claim(tokens[0], number, found)
        found.gates[tokens[0]] = _Expression(tokens[2:]).whole()
    else:
        raise InputError(
            f"a line is `features NAMES`, `output NAMES` or `NAME = EXPRESSION`; got {' '.join(tokens)!r}."
        )


def _claim(name: str, number: int, found: Statements) -> None:
    check_name(name)
    if name in found.lines:
        raise InputError(f"{name} is defined a second time; it was first on line {found.lines[name]}. Rename one.")
    found.lines[name] = number


def check_name(name: str) -> None:
    """Refuse what cannot name a signal.

    Raises:
        InputError: not letters, digits and underscores, or a word of the grammar.
    """
    if not NAME.fullmatch(name) or name in RESERVED:
        raise InputError(
            f"{name!r} cannot name a signal. A name has letters, digits and underscores, does not begin with a digit,"
            f" and is none of {', '.join(RESERVED)}."
        )


def _names(tokens: list[str], keyword: str) -> list[str]:
    names: list[str] = []
    place = 0
    while place < len(tokens):
        if tokens[place + 1 : place + 2] == [".."]:
            names += _run(tokens[place], tokens[place + 2] if place + 2 < len(tokens) else "")
            place += 3
        else:
            check_name(tokens[place])
            names.append(tokens[place])
            place += 1
        if tokens[place : place + 1] == [","]:
            place += 1
    if not names:
        raise InputError(f"{keyword} must be followed by names, for instance {keyword} x1 x2 or {keyword} x1..x8.")
    return names


def _run(first: str, last: str) -> list[str]:
    begin, end = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if not begin or not end or begin[1] != end[1] or int(begin[2]) > int(end[2]):
        raise InputError(f"{first}..{last} is not a run of names; a run is one name with rising numbers, as x1..x8.")
    if int(end[2]) - int(begin[2]) >= _LONGEST_RUN:
        raise InputError(f"{first}..{last} are more than {_LONGEST_RUN} names. Shorten the run.")
    return [f"{begin[1]}{number}" for number in range(int(begin[2]), int(end[2]) + 1)]


class _Expression:
    """Recursive descent over the tokens of one expression, with the place of the next one."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def whole(self) -> Formula:
        formula = self.disjunction()
        if self.next() is not None:
            raise InputError(self._unexpected("an operator"))
        return formula

    def next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def accept(self, token: str) -> bool:
        taken = self.next() == token
        self.place += taken
        return taken

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise InputError(self._unexpected(repr(token)))

    def disjunction(self) -> Formula:
        return self._chain("|", self.difference, Formula.__or__)

    def difference(self) -> Formula:
        return self._chain("^", self.conjunction, Formula.__xor__)

    def conjunction(self) -> Formula:
        return self._chain("&", self.literal, Formula.__and__)

    def _chain(self, token: str, part: Callable[[], Formula], join: Callable[[Formula, Formula], Formula]) -> Formula:
        formula = part()
        while self.accept(token):
            formula = join(formula, part())
        return formula

    def literal(self) -> Formula:
        negated = False
        while self.accept("~"):
            negated = not negated
        formula = self.atom()
        return ~formula if negated else formula

    def atom(self) -> Formula:
        token = self.next() or ""
        if self.accept("("):
            formula = self.disjunction()
            self.expect(")")
            return formula
        if token in FUNCTIONS and self.tokens[self.place + 1 : self.place + 2] == ["("]:
            return self.call(token)
        if token in ("0", "1"):
            self.place += 1
            return constant(token == "1")
        if not NAME.fullmatch(token) or token in RESERVED:
            raise InputError(self._unexpected("a signal"))
        self.place += 1
        return signals(token)[0]

    def call(self, function: str) -> Formula:
        self.place += 2
        number = 0
        if function != "maj":
            number = self.number(function)
            self.expect(",")
        formulas = [self.disjunction()]
        while self.accept(","):
            formulas.append(self.disjunction())
        self.expect(")")
        if function == "maj":
            return majority(*formulas)
        return at_least(number, *formulas) if function == "atleast" else combine(number, *formulas)

    def number(self, function: str) -> int:
        token = self.next() or ""
        if not token[:1].isdigit():
            raise InputError(self._unexpected(f"a number as the first argument of {function}"))
        if len(token) > _LONGEST_NUMBER:
            raise InputError(f"{token[:9]}... is too large a number for {function}.")
        self.place += 1
        return int(token, 16 if token[:2].lower() == "0x" else 10)

    def _unexpected(self, wanted: str) -> str:
        token = self.next()
        if token is None:
            return f"the expression ends where {wanted} is expected."
        if not re.fullmatch(r"[A-Za-z0-9_]+|[&|^~(),]", token):
            return f"unknown operator {token!r}; {_OPERATORS}."
        return f"expected {wanted}, got {token!r}; {_OPERATORS}."
