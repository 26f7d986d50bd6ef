"""Run a script of PowerShell, statement by statement."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from tests.onprem.powershell.values import (
    NOTHING,
    Properties,
    Thrown,
    as_object,
    collected,
    is_equal,
    is_true,
    plain,
    stream,
    text_of,
)

PARSER = Parser(Language(tree_sitter_powershell.language()))
ESCAPES = {"n": "\n", "t": "\t", "0": "\0"}


class Exit(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Leave(Exception):
    """The end of a loop or a function, with what was put out until then."""

    def __init__(self, outputs: list[Any]) -> None:
        super().__init__()
        self.outputs = outputs


class Break(Leave):
    pass


class Return(Leave):
    pass


@dataclass(frozen=True)
class Parameter:
    name: str
    types: tuple[str, ...]
    allowed: tuple[str, ...]
    default: Node | None


@dataclass(frozen=True)
class Function:
    parameters: tuple[Parameter, ...]
    body: Node | None


@dataclass
class Call:
    """A command with its arguments; `block` is a script block's node."""

    positional: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)
    """The named arguments, by name in lower case. A switch is True."""


class Commands(Protocol):
    """The commands that the script may call besides its own functions."""

    def switches(self, name: str) -> frozenset[str]:
        """Return the parameters of that command which take no value, in lower case. Raises
        AssertionError for a command that is not known."""
        ...

    def run(self, name: str, call: Call, items: list[Any], script: Script) -> list[Any]:
        """Return what it puts into the pipeline. `items`: what it gets from there."""
        ...

    def static(self, type_name: str, member: str, arguments: list[Any] | None) -> Any:
        """Return what `[Type]::Member` is, or with arguments what the method returns."""
        ...


class Script:
    """One run of one script. `said` are the lines that it wrote."""

    def __init__(self, text: str, commands: Commands, environment: Mapping[str, str]) -> None:
        self._root = PARSER.parse(text.encode()).root_node
        assert not self._root.has_error, "this is no PowerShell"
        self._commands = commands
        self._environment = environment
        self._scopes: list[dict[str, Any]] = [{}]
        self._functions: dict[str, Function] = {}
        self.said: list[str] = []
        self.what_if = False

    def run(self, **arguments: Any) -> int:
        """Return the exit code. `arguments`: the script's parameters, and WhatIf."""
        self.what_if = bool(arguments.pop("WhatIf", False))
        self._scopes[0] |= {"whatifpreference": self.what_if, "pscmdlet": self}
        block = self._named(self._root, "param_block")
        call = Call(named={name.lower(): value for name, value in arguments.items()})
        self._bind(self._parameters(self._named(block, "parameter_list")), call)
        try:
            self._statements(self._named(self._root, "statement_list"))
        except Exit as ended:
            return ended.code
        return 0

    def should_process(self, target: str, action: str) -> bool:
        """`$PSCmdlet.ShouldProcess`: with -WhatIf it tells, and says no."""
        if self.what_if:
            self.said.append(f'What if: Performing the operation "{action}" on target "{target}".')
        return not self.what_if

    def call_block(self, block: Node, item: Any) -> list[Any]:
        """Return the outputs of `{ … }` with `$_` as the item, in the scope of whoever wrote it."""
        scope = self._scopes[-1]
        former = scope.get("_", NOTHING)
        scope["_"] = item
        try:
            return list(self._statements(self._body_of(block)))
        finally:
            scope["_"] = former

    # Statements

    def _statements(self, node: Node | None) -> list[Any]:
        outputs: list[Any] = []
        for statement in node.named_children if node else ():
            if statement.type in {"comment", "empty_statement"}:
                continue
            try:
                outputs += self._statement(statement)
            except Leave as leaving:
                raise type(leaving)(outputs + leaving.outputs) from None
        return outputs

    def _statement(self, node: Node) -> list[Any]:
        run: Callable[[Node], list[Any]] = getattr(self, f"_{node.type}")
        return run(node)

    def _function_statement(self, node: Node) -> list[Any]:
        declared = self._find(node, "function_parameter_declaration")
        listed = self._find(declared, "parameter_list") if declared else None
        name = self._text(self._named(node, "function_name")).lower()
        self._functions[name] = Function(
            self._parameters(listed) if listed else (), self._find(node, "script_block")
        )
        return []

    def _if_statement(self, node: Node) -> list[Any]:
        clauses = self._find(node, "elseif_clauses")
        for branch in [node, *(clauses.named_children if clauses else ())]:
            if is_true(self._value(self._named(branch, "pipeline"))):
                return self._block(branch)
        otherwise = self._find(node, "else_clause")
        return self._block(otherwise) if otherwise else []

    def _foreach_statement(self, node: Node) -> list[Any]:
        name = self._variable_name(self._named(node, "variable"))
        outputs: list[Any] = []
        items = self._value(self._named(node, "pipeline"))
        for item in [] if plain(items) is None else stream(items):
            self._scopes[-1][name] = item
            try:
                outputs += self._block(node)
            except Break as leaving:
                return outputs + leaving.outputs
            except Return as returned:
                raise Return(outputs + returned.outputs) from None
        return outputs

    def _for_statement(self, node: Node) -> list[Any]:
        self._statements(self._named(node, "for_initializer"))
        outputs: list[Any] = []
        while is_true(self._value(self._named(node, "for_condition").named_children[0])):
            outputs += self._block(node)
            self._statements(self._named(node, "for_iterator"))
        return outputs

    def _try_statement(self, node: Node) -> list[Any]:
        clauses = self._find(node, "catch_clauses")
        ending = self._find(node, "finally_clause")
        try:
            return self._block(node)
        except Thrown as error:
            clause = next(self._fitting(clauses, error), None) if clauses else None
            if clause is None:
                raise
            self._scopes[-1]["_"] = error
            return self._block(clause)
        finally:
            if ending:
                self._block(ending)

    def _fitting(self, clauses: Node, error: Thrown) -> Iterator[Node]:
        for clause in clauses.named_children:
            types = self._find(clause, "catch_type_list")
            if types is None or f"[{error.kind.lower()}]" in self._text(types).lower():
                yield clause

    def _flow_control_statement(self, node: Node) -> list[Any]:
        kind = node.children[0].type
        value = self._find(node, "pipeline")
        if kind == "break":
            raise Break([])
        if kind == "exit":
            raise Exit(int(self._value(value) if value else 0))
        if kind == "throw":
            assert value
            raise Thrown(text_of(self._value(value)))
        assert kind == "return", kind
        raise Return(stream(self._value(value)) if value else [])

    def _block(self, node: Node) -> list[Any]:
        block = node if node.type == "statement_block" else self._named(node, "statement_block")
        return self._statements(self._find(block, "statement_list"))

    # Pipelines and commands

    def _pipeline(self, node: Node) -> list[Any]:
        """Return what it puts out, as a statement."""
        inner = node.named_children[0]
        if inner.type == "assignment_expression":
            self._assign(inner)
            return []
        parts = inner.named_children
        if parts[0].type == "command":
            outputs = self._command(parts[0], [])
        else:
            outputs = stream(self._expression(parts[0]))
            if self._innermost(parts[0]).type == "post_increment_expression":
                outputs = []
        for part in parts[1:]:
            outputs = self._command(part, outputs)
        return outputs

    def _value(self, node: Node) -> Any:
        """Return what a variable gets: a list that was written as one stays one."""
        inner = node.named_children[0]
        parts = inner.named_children
        if inner.type == "pipeline_chain" and len(parts) == 1 and parts[0].type != "command":
            return self._expression(parts[0])
        return collected(self._pipeline(node))

    def _assign(self, node: Node) -> None:
        target = self._innermost(node.named_children[0])
        value = self._value(node.named_children[2])
        if self._text(node.named_children[1]) == "+=":
            value = self._added(self._expression(target), value)
        if target.type == "member_access":
            owner, name = self._member(target)
            assert isinstance(owner, Properties), owner
            owner.set_property(name, None if value is NOTHING else value)
            return
        name = self._variable_name(target)
        self._scopes[-1][name] = value

    def _added(self, one: Any, other: Any) -> Any:
        one, other = plain(one), plain(other)
        if isinstance(one, list):
            return [*one, *(other if isinstance(other, list) else [other])]
        assert isinstance(one, str), f"{one!r} + {other!r}"
        return one + text_of(other)

    def _command(self, node: Node, items: list[Any]) -> list[Any]:
        name = self._text(self._named(node, "command_name"))
        function = self._functions.get(name.lower())
        is_switch = (lambda _: False) if function else self._commands.switches(name).__contains__
        call = self._arguments(self._find(node, "command_elements"), is_switch)
        if function is None:
            return self._commands.run(name, call, items, self)
        assert not items, f"{name} takes nothing from a pipeline"
        return self._call(function, call)

    def _arguments(self, node: Node | None, is_switch: Callable[[str], bool]) -> Call:
        call, waiting = Call(), ""
        for item in node.named_children if node else ():
            if item.type == "command_argument_sep":
                continue
            if item.type == "command_parameter":
                assert not waiting, f"-{waiting} has no value"
                waiting = self._text(item).removeprefix("-").lower()
                if is_switch(waiting):
                    call.named[waiting], waiting = True, ""
            elif self._text(item).startswith("@") and not self._text(item).startswith("@("):
                splatted = self._lookup(self._text(item)[1:].lower())
                call.named |= {key.lower(): value for key, value in splatted.items()}
            elif waiting:
                call.named[waiting], waiting = self._argument(item), ""
            else:
                call.positional.append(self._argument(item))
        assert not waiting, f"-{waiting} has no value"
        return call

    def _argument(self, node: Node) -> Any:
        value = self._text(node) if node.type == "generic_token" else self._expression(node)
        return None if value is NOTHING else value

    def _call(self, function: Function, call: Call) -> list[Any]:
        self._scopes.append({})
        try:
            self._bind(function.parameters, call)
            return self._statements(self._body_of(function.body)) if function.body else []
        except Return as returned:
            return returned.outputs
        finally:
            self._scopes.pop()

    def _body_of(self, node: Node) -> Node | None:
        block = node if node.type == "script_block" else self._find(node, "script_block")
        body = self._find(block, "script_block_body") if block else None
        return self._find(body, "statement_list") if body else None

    # Parameters

    def _parameters(self, node: Node) -> tuple[Parameter, ...]:
        return tuple(
            self._parameter(each) for each in node.named_children if each.type == "script_parameter"
        )

    def _parameter(self, node: Node) -> Parameter:
        listed = self._find(node, "attribute_list")
        attributes = [self._text(each) for each in listed.named_children] if listed else []
        allowed = [each for each in attributes if each.startswith("[ValidateSet(")]
        default = self._find(node, "script_parameter_default")
        return Parameter(
            self._variable_name(self._named(node, "variable")),
            tuple(each[1:-1].lower() for each in attributes if "(" not in each),
            tuple(re.findall(r"'([^']*)'", allowed[0])) if allowed else (),
            default.named_children[0] if default else None,
        )

    def _bind(self, parameters: tuple[Parameter, ...], call: Call) -> None:
        given, positional = dict(call.named), list(call.positional)
        for each in parameters:
            if each.name in given:
                value = given.pop(each.name)
            elif positional and "switch" not in each.types:
                value = positional.pop(0)
            else:
                value = self._expression(each.default) if each.default else None
            for kind in each.types:
                value = self._cast(kind, value)
            if each.allowed and value not in each.allowed:
                raise Thrown(f"Cannot validate argument on parameter '{each.name}'.")
            self._scopes[-1][each.name] = value
        assert not given and not positional, f"no such parameters: {given} {positional}"

    # Expressions

    def _expression(self, node: Node) -> Any:
        node = self._innermost(node)
        evaluate: Callable[[Node], Any] = getattr(self, f"_value_of_{node.type}")
        return evaluate(node)

    def _value_of_variable(self, node: Node) -> Any:
        return self._lookup(self._variable_name(node))

    def _value_of_decimal_integer_literal(self, node: Node) -> int:
        return int(self._text(node))

    def _value_of_verbatim_string_characters(self, node: Node) -> str:
        return self._text(node)[1:-1].replace("''", "'")

    def _value_of_expandable_string_literal(self, node: Node) -> str:
        source, start = node.text or b"", node.start_byte
        position, parts = 1, []
        for child in node.named_children:
            parts.append(self._unescaped(source[position : child.start_byte - start].decode()))
            parts.append(text_of(self._expression(child)))
            position = child.end_byte - start
        return "".join([*parts, self._unescaped(source[position:-1].decode())])

    def _value_of_sub_expression(self, node: Node) -> Any:
        return collected(self._statements(self._find(node, "statement_list")))

    def _value_of_array_expression(self, node: Node) -> list[Any]:
        return self._statements(self._find(node, "statement_list"))

    def _value_of_parenthesized_expression(self, node: Node) -> Any:
        return self._value(self._named(node, "pipeline"))

    def _value_of_array_literal_expression(self, node: Node) -> list[Any]:
        return [self._expression(child) for child in node.named_children]

    def _value_of_script_block_expression(self, node: Node) -> Node:
        return node

    def _value_of_hash_literal_expression(self, node: Node) -> Properties:
        body = self._find(node, "hash_literal_body")
        return Properties(
            (self._text(entry.named_children[0]), self._value(entry.named_children[1]))
            for entry in (body.named_children if body else ())
        )

    def _value_of_cast_expression(self, node: Node) -> Any:
        kind = self._text(node.named_children[0])[1:-1].lower()
        return self._cast(kind, self._expression(node.named_children[1]))

    def _value_of_expression_with_unary_operator(self, node: Node) -> bool:
        assert node.children[0].type == "-not", self._text(node)
        return not is_true(self._expression(node.named_children[0]))

    def _value_of_logical_expression(self, node: Node) -> bool:
        left, operator, right = node.children[0], node.children[1].type, node.children[2]
        if operator == "-and":
            return is_true(self._expression(left)) and is_true(self._expression(right))
        assert operator == "-or", operator
        return is_true(self._expression(left)) or is_true(self._expression(right))

    def _value_of_comparison_expression(self, node: Node) -> Any:
        left, operator, right = (
            self._expression(node.children[0]),
            self._text(node.children[1]).lower(),
            self._expression(node.children[2]),
        )
        if operator in {"-eq", "-ne"}:
            return is_equal(left, right) == (operator == "-eq")
        if operator in {"-in", "-notin"}:
            return any(is_equal(left, x) for x in stream(right)) == (operator == "-in")
        if operator in {"-le", "-gt"}:
            return (left <= right) == (operator == "-le")
        if operator == "-join":
            return text_of(right).join(text_of(item) for item in stream(left))
        assert operator == "-split", operator
        return re.split(right, text_of(left))

    def _value_of_additive_expression(self, node: Node) -> Any:
        assert node.children[1].type == "+", self._text(node)
        return self._added(self._expression(node.children[0]), self._expression(node.children[2]))

    def _value_of_post_increment_expression(self, node: Node) -> int:
        name = self._variable_name(self._named(node, "variable"))
        value: int = self._lookup(name)
        self._scopes[-1][name] = value + 1
        return value

    def _value_of_element_access(self, node: Node) -> Any:
        owner = self._expression(node.named_children[0])
        return owner[self._expression(node.named_children[1])]

    def _value_of_member_access(self, node: Node) -> Any:
        owner, name = self._member(node)
        if isinstance(owner, str) and node.children[1].type == "::":
            return self._commands.static(owner, name, None)
        if isinstance(owner, Properties):
            return owner.get_property(name)
        if name.lower() in {"count", "length"} and isinstance(owner, list | bytes):
            return len(owner)
        if plain(owner) is None:
            raise Thrown(f"The property '{name}' cannot be found on this object.")
        return getattr(owner, name)

    def _value_of_invokation_expression(self, node: Node) -> Any:
        owner, name = self._member(node)
        listed = self._find(self._named(node, "argument_list"), "argument_expression_list")
        given = [self._expression(each) for each in (listed.named_children if listed else ())]
        if isinstance(owner, str) and node.children[1].type == "::":
            return self._commands.static(owner, name, given)
        if owner is self:
            assert name == "ShouldProcess", name
            return self.should_process(*given)
        method: Callable[..., Any] = getattr(owner, name)
        return method(*given)

    def _member(self, node: Node) -> tuple[Any, str]:
        """Return the owner, for `[Type]::` its name, and the member's name."""
        owner = node.children[0]
        name = self._text(self._named(node, "member_name"))
        if owner.type == "type_literal":
            return self._text(owner)[1:-1], name
        return self._expression(owner), name

    def _cast(self, kind: str, value: Any) -> Any:
        if kind == "string":
            return text_of(value)
        if kind == "int":
            return int(plain(value) or 0)
        if kind in {"bool", "switch"}:
            return is_true(value)
        assert kind == "pscustomobject", kind
        return as_object(value)

    def _lookup(self, name: str) -> Any:
        if name.startswith("env:"):
            return self._environment[name.removeprefix("env:").upper()]
        if name in {"null", "true", "false"}:
            return {"null": None, "true": True, "false": False}[name]
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        raise Thrown(f"The variable '${name}' cannot be retrieved because it has not been set.")

    # The tree

    def _innermost(self, node: Node) -> Node:
        """Return the first node below that says more than the one above."""
        while len(node.children) == 1 and node.named_children:
            if node.type in {"hash_literal_expression", "expandable_string_literal", "variable"}:
                return node
            node = node.named_children[0]
        return node

    def _find(self, node: Node, kind: str) -> Node | None:
        return next((child for child in node.named_children if child.type == kind), None)

    def _named(self, node: Node, kind: str) -> Node:
        found = self._find(node, kind)
        assert found, f"no {kind} in: {self._text(node)}"
        return found

    def _text(self, node: Node) -> str:
        return (node.text or b"").decode()

    def _variable_name(self, node: Node) -> str:
        return self._text(self._innermost(node)).removeprefix("$").strip("{}").lower()

    def _unescaped(self, text: str) -> str:
        return re.sub(r"`(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


def environment(program_data: str | os.PathLike[str]) -> dict[str, str]:
    return {"PROGRAMDATA": os.fspath(program_data), "COMPUTERNAME": "DNS1"}
