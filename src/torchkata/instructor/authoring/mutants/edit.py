"""One edit of a reference, as data: what is replaced by what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import libcst as cst

from torchkata.instructor.authoring.mutants.reference import Site

Replacement = cst.CSTNode | cst.FlattenSentinel[Any] | None


@dataclass(frozen=True, eq=False)
class Edit:
    """A change of one node.

    Attributes:
        kind: of the fault, such as `keepdim`.
        site: the node that is replaced.
        new: what replaces it; None if it is deleted.
    """

    kind: str
    site: Site
    new: Replacement

    def apply(self, module: cst.Module) -> cst.Module:
        """Return the module with this change."""
        new: Any = cst.RemoveFromParent() if self.new is None else self.new
        changed: Any = module.deep_replace(self.site.node, new)
        assert isinstance(changed, cst.Module)
        return changed


def name_of(node: cst.CSTNode) -> str:
    """Return the last part of a name: `sum` of `x.sum`; empty if it is no name."""
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
    return ""
