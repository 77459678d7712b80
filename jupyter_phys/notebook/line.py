"""The magic line: ``%name TASK SUBJECT name=expression -flag``, split with Python's own tokenizer."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from jupyter_phys.core.errors import Refused

FLAG = re.compile(r"(?<!\S)(?:-[a-zA-Z]|--[a-zA-Z][\w-]*)(?=[\s,]|$)")
OPEN, CLOSE, QUOTES = "([{", ")]}", "'\""
NOTHING = {tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
VALUES = (ast.Expression, ast.List, ast.Tuple, ast.Dict, ast.IfExp)  # what a bare word may stand in
NAMED = (ast.Name, ast.Attribute, ast.Subscript)  # what gives a subject its name


@dataclass(frozen=True)
class Line:
    """A line taken apart; everything still as text."""

    subject: str = ""
    options: dict[str, str] = field(default_factory=dict[str, str])
    flags: tuple[str, ...] = ()
    silent: bool = False

    def first_word(self, words: Iterable[str]) -> tuple[str | None, Line]:
        """Take a leading word (a task) off the subject, if it is one of ``words``."""
        head, rest = [*self.subject.split(None, 1), "", ""][:2]
        if head not in set(words):
            return None, self
        return head, Line(rest, self.options, self.flags, self.silent)


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int
    depth: int
    name: bool


def split(text: str) -> Line:
    """Take a magic line apart.

    A name followed by ``=`` outside all brackets begins an option; ``-x`` or ``--word`` with a blank before
    and none behind is a flag outside all brackets (``net -i``, not a subtraction); a last ``;`` silences;
    what follows a ``#`` is a comment.

    Raises:
        Refused: brackets or quotes that do not close, or a name given twice.
    """
    text = _without_comment(" ".join(text.splitlines()).strip())
    silent = text.endswith(";")
    flags: list[str] = []
    text = _without_flags(text.rstrip("; "), flags)
    tokens = _tokens(text)
    starts = [i for i, token in enumerate(tokens[:-1]) if token.name and token.depth == 0 and tokens[i + 1].text == "="]
    edges = [*(tokens[i].start for i in starts), len(text)]
    options: dict[str, str] = {}
    for k, i in enumerate(starts):
        name, value = tokens[i].text, _part(text[tokens[i + 1].end : edges[k + 1]])
        if name in options:
            raise Refused(f"{name} is given twice.", given=text)
        if not value:
            raise Refused(f"{name}= has no value.", given=text, instead=f"{name}=VALUE")
        options[name] = value
    return Line(_part(text[: edges[0]]), options, tuple(flags), silent)


def _part(text: str) -> str:
    """A subject or a value, without the comma of who separates options as in a call."""
    return text.strip().removesuffix(",").rstrip()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    depth, lambdas = 0, list[int]()  # between ``lambda`` and its colon, ``=`` sets a default
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.ERRORTOKEN and token.string[0] in QUOTES:
                raise tokenize.TokenError("a quote is open")
            if token.type in NOTHING:
                continue
            closes = token.string == ":" and lambdas[-1:] == [depth]
            if closes:
                lambdas.pop()
            depth -= closes or token.string in CLOSE
            if depth < 0:
                raise tokenize.TokenError("a bracket closes nothing")
            name = token.type == tokenize.NAME
            found.append(_Token(token.string, token.start[1], token.end[1], depth, name))
            depth += token.string in OPEN or token.string == "lambda"
            if token.string == "lambda":
                lambdas.append(depth)
    except (tokenize.TokenError, SyntaxError, ValueError) as reason:
        raise Refused("This line is not whole: a bracket or a quote is open, or one too many.", given=text) from reason
    return found


def _without_comment(text: str) -> str:
    tokens = _tokens(text)
    return text[: tokens[-1].start].rstrip() if tokens and tokens[-1].text.startswith("#") else text


def _without_flags(text: str, flags: list[str]) -> str:
    """Cut the flags out: Python's tokenizer reads them as subtractions."""
    kept, last = "", 0
    for token in _tokens(text):
        found = FLAG.match(text, token.start) if token.depth == 0 else None
        if found:
            flags.append(found[0])
            kept, last = kept + text[last : found.start()], found.end()
    return (kept + text[last:]).strip()


class _Quoted(ast.NodeTransformer):
    """Turns bare words into text where they stand as values: alone, or in a list, tuple, dict or conditional."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(node.id), node) if node.id in self._words else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        word = ast.unparse(node).replace(" ", "")  # a range such as 20-30 is a word, where there is such a choice
        return ast.copy_location(ast.Constant(word), node) if word in self._words else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        return super().generic_visit(node) if isinstance(node, VALUES) else node


def evaluate(text: str, namespace: dict[str, Any], words: Iterable[str] = (), *, shadowed: bool = False) -> Any:
    """The value of an expression in the notebook's names; ``words`` are choices that need no quotes.

    ``shadowed``: a variable of the notebook goes before a word of the same name (a module does not).

    Raises:
        Refused: not an expression. Errors inside the expression are raised as they are.
    """
    if decorated := re.fullmatch(r"\$(\w+)|\$?\{(\w+)\}", text):  # who is used to what IPython does to other magics
        name = decorated[1] or decorated[2]
        raise Refused("A variable is written here as it is in Python.", given=text, instead=name)
    bare = frozenset(word for word in words if not (shadowed and is_variable(word, namespace)))
    tree = ast.fix_missing_locations(_Quoted(bare).visit(_parsed(text)))
    return eval(compile(tree, "<magic line>", "eval"), namespace)


def is_variable(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether the notebook calls something by this name; a module (``import random``) does not count."""
    return name in namespace and not isinstance(namespace[name], ModuleType)


def _parsed(text: str) -> ast.Expression:
    try:
        return ast.parse(text, "<magic line>", "eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as reason:
        why = getattr(reason, "msg", type(reason).__name__)
        raise Refused(f"This is not a Python expression: {why}.", given=text) from None


def labelled(text: str, value: Any) -> Any:
    """Name subjects after what was typed: ``[m1, m2]`` gives ``{"m1": ..., "m2": ...}``."""
    tree = _parsed(text).body
    listed = isinstance(value, (list, tuple))
    if isinstance(tree, (ast.List, ast.Tuple)) and listed and len(tree.elts) == len(value):
        names = [ast.unparse(part) for part in tree.elts]
        told = all(isinstance(part, (*NAMED, ast.Call)) for part in tree.elts) and len(set(names)) == len(names)
        return dict(zip(names, value, strict=True)) if told else value
    if not isinstance(tree, NAMED) or isinstance(value, Mapping):
        return value
    name = ast.unparse(tree)
    return {f"{name}[{i}]": one for i, one in enumerate(value)} if listed else {name: value}
