"""The tree of a Turtle text as text: one property a line, one value a line, four blanks a step."""

from typing import Final

from clustergraph.formatting.tree import Atom, Bracket, Directive, Items, Property, Statement, Tree, Value

_STEP: Final = "    "
_INLINE_LIMIT: Final = 120  # characters of a bracket or a list on one line


def written(tree: Tree) -> str:
    """The text of a tree whose parts are in order."""
    writer = _Writer()
    writer.prologue(tree.directives)
    for one in tree.statements:
        writer.statement(one)
    writer.comments(tree.ending, "")
    return writer.text()


class _Writer:
    """Lines as they grow."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._is_open = False  # whether the last line can take more
        self._after = ""  # a comment that waits for the sign after its value

    def text(self) -> str:
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return "".join(f"{line}\n" for line in self._lines)

    def _line(self, text: str) -> None:
        self._lines.append(text)
        self._is_open = True

    def _put(self, text: str, indent: str) -> None:
        """Goes on with the line, or begins one."""
        if self._is_open:
            self._lines[-1] += f" {text}"
        else:
            self._line(indent + text)

    def _close(self) -> None:
        self._is_open = False

    def comments(self, comments: list[str], indent: str) -> None:
        """Comments on lines of their own."""
        for one in comments:
            self._line(indent + one if one else "")
            self._close()

    def prologue(self, directives: list[Directive]) -> None:
        for one in directives:
            self.comments(one.before, "")
            keyword = "@base" if one.name is None else f"@prefix {one.name}:"
            self._line(" ".join((keyword, one.iri, ".", *([one.after] if one.after else []))))
        if directives:
            self._line("")
        self._close()

    def statement(self, one: Statement) -> None:
        self.comments(one.before, "")
        self._value(one.subject, "", "")
        if one.properties:
            self._properties(one.properties, _STEP)
        self._end(one.ending, _STEP, ".", "", has_own_line=False)
        self._flush()
        self._line("")
        self._close()

    def _properties(self, properties: list[Property], indent: str) -> None:
        """Properties with the signs between them; the comment of the last line waits for the sign after it."""
        for number, one in enumerate(properties):
            if number:
                self._sign(";")
                self._close()
            if one.before:
                self._close()
                self.comments(one.before, indent)
            self._put(one.verb, indent)
            self._values(one, indent)

    def _values(self, one: Property, indent: str) -> None:
        is_short = one.verb == "a" and all(
            isinstance(value, Atom) and not value.before and not value.after for value in one.values[:-1]
        )
        for number, value in enumerate(one.values):
            if number:
                self._sign(",")
                if not is_short:
                    self._close()
            if value.before:
                self._close()
                self.comments(value.before, indent + _STEP)
            self._value(value, indent + _STEP, value.after)

    def _sign(self, sign: str) -> None:
        self._put(sign, "")
        if self._after:
            self._put(self._after, "")
            self._after = ""
            self._close()

    def _value(self, value: Value, indent: str, after: str) -> None:
        short = inline(value)
        if short is not None:
            self._put(short, indent)
        elif isinstance(value, Bracket):
            self._put("[", indent)
            self._close()
            self._properties(value.properties, indent + _STEP)
            self._end(value.ending, indent + _STEP, "]", indent, has_own_line=True)
        else:
            assert isinstance(value, Items)  # noqa: S101  # an atom is always short
            self._put("(", indent)
            self._close()
            self._items(value, indent + _STEP)
            self._end(value.ending, indent + _STEP, ")", indent, has_own_line=True)
        self._after = after

    def _items(self, one: Items, indent: str) -> None:
        for value in one.values:
            self._flush()
            self._close()
            self.comments(value.before, indent)
            self._value(value, indent, value.after)

    def _flush(self) -> None:
        """Writes the comment that waits for a sign, as none comes."""
        if self._after:
            self._put(self._after, "")
            self._after = ""

    def _end(self, ending: list[str], indent: str, sign: str, outer: str, *, has_own_line: bool) -> None:
        """A closing sign, with the comments that stand before it."""
        if ending or has_own_line:
            self._flush()
            self._close()
        self.comments(ending, indent)
        self._put(sign, outer)


def inline(value: Value) -> str | None:
    """A value on one line; None where it is too long for that, or has comments in it."""
    if isinstance(value, Atom):
        return value.text
    if value.ending:
        return None
    words = _words_of_items(value.values) if isinstance(value, Items) else _words_of_bracket(value)
    if words is None:
        return None
    opening, closing = "()" if isinstance(value, Items) else "[]"
    text = " ".join((opening, *words, closing))
    return text if len(text) <= _INLINE_LIMIT and "\n" not in text and "\r" not in text else None


def _words_of_items(values: list[Value]) -> list[str] | None:
    words = []
    for one in values:
        short = inline(one)
        if short is None or one.before or one.after:
            return None
        words.append(short)
    return words


def _words_of_bracket(value: Bracket) -> list[str] | None:
    parts = []
    for one in value.properties:
        values = _words_of_items(one.values)
        if one.before or values is None:
            return None
        parts.append(f"{one.verb} {' , '.join(values)}")
    return [" ; ".join(parts)] if parts else []
