"""Small wrong versions of a source file: one changed operator, number, condition, return or statement each.

`sites(tree)` lists them in a fixed order; `site.apply()` changes the tree in place. A test suite that lets one
of them pass has not looked there.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
SIGNS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.And: "and",
    ast.Or: "or",
}
SWAPPED_CALLS = {"min": "max", "max": "min"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One wrong version: where, what, and how to make it."""

    line: int  # counted from 1
    function: str  # "Gate._grant", or "" at the module's top
    operator: str  # "< -> <="
    apply: Callable[[], None]


def sites(tree: ast.Module) -> list[Site]:
    """Return every wrong version of `tree`, in the order of the file."""
    return list(_of_body(tree, "body", "", ""))


def _of_body(owner: ast.AST, field: str, function: str, returns: str) -> Iterator[Site]:
    body: list[ast.stmt] = getattr(owner, field)
    for i, node in enumerate(body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = f"{function}.{node.name}" if function else node.name
            if isinstance(node, ast.FunctionDef):
                for default in [*node.args.defaults, *node.args.kw_defaults]:
                    yield from _of_expression(node.args, default, inside)
                returns = ast.unparse(node.returns) if node.returns else ""
            yield from _of_body(node, "body", inside, returns)
            continue
        if function and _can_go(node) and not _is_slots(node):
            yield Site(
                line=node.lineno,
                function=function,
                operator="statement -> pass",
                apply=_put(body, i, ast.Pass()),
            )
        if (
            isinstance(node, ast.Return)
            and node.value is not None
            and not isinstance(node.value, ast.Constant)
        ):
            for value in (True, False) if returns == "bool" else (0, 1):
                yield _site(node, "value", node.value, function, f"return -> {value}", ast.Constant(value))
        if isinstance(node, ast.If | ast.While):
            for value in (True, False) if isinstance(node, ast.If) else (False,):
                yield _site(node, "test", node.test, function, f"condition -> {value}", ast.Constant(value))
        if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
            yield _swap(node, node, ARITHMETIC[type(node.op)], function)
        for name, value in ast.iter_fields(node):
            if name in ("body", "orelse", "finalbody"):
                yield from _of_body(node, name, function, returns)
            elif name == "handlers":
                for handler in value:
                    yield from _of_body(handler, "body", function, returns)
            elif name != "annotation" and not _is_docstring(node) and not _is_slots(node):
                for child in value if isinstance(value, list) else [value]:
                    yield from _of_expression(node, child, function)


def _of_expression(parent: ast.AST, root: object, function: str) -> Iterator[Site]:
    if not isinstance(root, ast.expr):
        return
    for owner, node in _with_owner(parent, root):
        if isinstance(node, ast.Compare):
            for i, op in enumerate(node.ops):
                for other in COMPARE[type(op)]:
                    said = f"{SIGNS[type(op)]} -> {SIGNS[other]}"
                    yield Site(
                        line=node.lineno, function=function, operator=said, apply=_put(node.ops, i, other())
                    )
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            yield _swap(node, node, ARITHMETIC[type(node.op)], function)
        elif isinstance(node, ast.BoolOp):
            yield _swap(node, node, ast.Or if isinstance(node.op, ast.And) else ast.And, function)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
            sign = "not" if isinstance(node.op, ast.Not) else "minus"
            yield Site(
                line=node.lineno,
                function=function,
                operator=f"{sign} -> nothing",
                apply=_replace(owner, node, node.operand),
            )
        elif isinstance(node, ast.IfExp):
            for value in (True, False):
                yield _site(node, "test", node.test, function, f"condition -> {value}", ast.Constant(value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SWAPPED_CALLS:
            other = SWAPPED_CALLS[node.func.id]
            said = f"{node.func.id} -> {other}"
            yield _site(node, "func", node.func, function, said, ast.Name(other, ast.Load()))
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            values = (not node.value,) if isinstance(node.value, bool) else (node.value + 1, node.value - 1)
            for value in values:
                said = f"{node.value} -> {value}"
                yield Site(
                    line=node.lineno, function=function, operator=said, apply=_set(node, "value", value)
                )


def _with_owner(parent: ast.AST, root: ast.expr) -> Iterator[tuple[ast.AST, ast.expr]]:
    yield parent, root
    for child in ast.iter_child_nodes(root):
        if isinstance(child, ast.expr):
            yield from _with_owner(root, child)
        elif isinstance(child, ast.keyword | ast.comprehension):
            for inner in ast.iter_child_nodes(child):
                if isinstance(inner, ast.expr):
                    yield from _with_owner(child, inner)


def _can_go(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    kinds = (ast.Assign, ast.AugAssign, ast.Raise, ast.Break, ast.Continue)
    return isinstance(node, kinds) or (
        isinstance(node, ast.AnnAssign | ast.Return)
        and (node.value is not None or isinstance(node, ast.Return))
    )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_slots(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__"


def _site(owner: ast.AST, field: str, node: ast.expr, function: str, said: str, new: ast.expr) -> Site:
    ast.copy_location(new, node)
    return Site(line=node.lineno, function=function, operator=said, apply=_set(owner, field, new))


def _swap(node: ast.expr | ast.AugAssign, owner: ast.AST, other: type[ast.AST], function: str) -> Site:
    said = f"{SIGNS[type(node.op)]} -> {SIGNS[other]}"  # type: ignore[attr-defined]
    return Site(line=node.lineno, function=function, operator=said, apply=_set(owner, "op", other()))


def _set(owner: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(owner, field, value)


def _put(items: list, at: int, value: ast.AST) -> Callable[[], None]:
    return lambda: items.__setitem__(at, ast.copy_location(value, items[at]))


def _replace(owner: ast.AST, old: ast.expr, new: ast.expr) -> Callable[[], None]:
    def apply() -> None:
        for name, value in ast.iter_fields(owner):
            if value is old:
                setattr(owner, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                value[next(i for i, item in enumerate(value) if item is old)] = new

    return apply
