"""Completes the documents of a valid request: image configuration merged in, host name and image volumes added."""

from collections.abc import Callable
from dataclasses import replace

from statesvc.domain import ids
from statesvc.domain.documents import Config
from statesvc.domain.verified import Verified
from statesvc.errors import InvalidParameter
from statesvc.validation import image
from statesvc.validation.context import Context
from statesvc.validation.mounts import anonymous_volumes, driver_problems
from statesvc.validation.verdict import Verdict


def merged(verdict: Verdict, image_config: Config | None) -> Config:
    """Return the configuration with the image's merged in. Raises InvalidParameter if neither has a command."""
    config = image.merge(verdict.verified.config, image_config)
    image.split_command(config)
    return config


def complete(
    verdict: Verdict, config: Config, container_id: str, context: Context, new_name: Callable[[], str]
) -> Verified:
    """Return what is stored of a container with this ID, with its host name and the volumes of its image.

    Raises the refusal of a verdict with problems, InvalidParameter if there is no driver for the image's volumes.
    """
    refusal = verdict.refusal()
    if refusal:
        raise refusal
    verified = verdict.verified
    if not config.Hostname:
        on_host = verified.host_config.NetworkMode == "host"
        config = config.copy_with(Hostname=context.facts.hostname if on_host else ids.short(container_id))
    own = verified.mounts
    for problem in driver_problems(config, verified.host_config, own):
        raise InvalidParameter(problem.message, (problem,))
    added = anonymous_volumes(config, verified.host_config, own, context.volumes_root, new_name)
    return replace(verified, config=config, mounts=(*own, *added))
