"""Arguments that a submission may lack: changes that add one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from torchkata.grading.explain.tree import JudgedTree, keywords, line_of
from torchkata.i18n import Message, _

Replacement = tuple[ast.AST, str, Message]
"""The node to replace, the new text, and what is true if that makes the check pass."""

REDUCTIONS: Final = (
    "sum", "mean", "amax", "amin", "max", "min", "prod", "logsumexp", "norm", "std", "var",
    "vector_norm", "all", "any",
)  # fmt: skip


def with_keepdim(tree: JudgedTree) -> Iterator[Replacement]:
    """Yield reductions with `keepdim=True`."""
    for call in tree.calls(*REDUCTIONS):
        given = keywords(call)
        if "keepdim" not in given and (call.args or "dim" in given):
            message = _(
                "Without `keepdim=True` the reduction on line {line} loses its dim, and "
                "broadcasting aligns the result with the wrong one. With it, [n, d] is combined "
                "with [n, 1].",
                line=line_of(call),
            )
            yield call, with_keyword(call, "keepdim=True"), message


def with_create_graph(tree: JudgedTree) -> Iterator[Replacement]:
    """Yield derivatives with `create_graph=True`."""
    for call in tree.calls("grad", "backward"):
        if not {"create_graph", "**"} & keywords(call):
            message = _(
                "`{call}` on line {line} returns a derivative without a graph, which cannot be "
                "differentiated again. With `create_graph=True`, this check passes.",
                call=ast.unparse(call.func),
                line=line_of(call),
            )
            yield call, with_keyword(call, "create_graph=True"), message


def with_keyword(call: ast.Call, keyword: str) -> str:
    """Return the text of a call with one more keyword argument."""
    separator = ", " if call.args or call.keywords else ""
    return f"{ast.unparse(call)[:-1]}{separator}{keyword})"
