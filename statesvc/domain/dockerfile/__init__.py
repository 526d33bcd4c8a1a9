"""The Dockerfile instructions that change a configuration, as `docker import --change` takes them."""

from statesvc.domain.dockerfile.changes import apply_changes

__all__ = ["apply_changes"]
