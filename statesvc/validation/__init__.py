"""Pure rules: documents and what they refer to in, a Verdict out. Nothing here reads or writes anything."""

from statesvc.validation.context import Context, ReferencedContainer
from statesvc.validation.verdict import Verdict
from statesvc.validation.verify import verify

__all__ = ["Context", "ReferencedContainer", "Verdict", "verify"]
