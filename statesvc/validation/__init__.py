"""The rules for requests, as pure functions: from documents and their context to a Verdict, without any I/O."""

from statesvc.validation.context import Context, ReferencedContainer
from statesvc.validation.verdict import Verdict
from statesvc.validation.verify import verify

__all__ = ["Context", "ReferencedContainer", "Verdict", "verify"]
