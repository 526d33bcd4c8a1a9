"""The judgement of a create request as a whole."""

from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.verified import Verified
from statesvc.validation import configuration, defaults, references, resources
from statesvc.validation.context import Context
from statesvc.validation.verdict import Verdict


def verify(request: ContainerCreate, context: Context) -> Verdict:
    """Judge a request: every problem, and the documents with Docker's defaults filled in.

    Its image is not looked at.
    """
    config, asked = request.config or Config(), request.host_config or HostConfig()
    early = (*configuration.problems(config, asked), *resources.problems(asked))
    late = tuple(references.link_problems(asked, context.containers))
    host = defaults.fill(asked, context)
    host = host.copy_with(**references.with_ids(host, context.containers))
    verified = Verified(
        config=config,
        host_config=host,
        networks={} if config.NetworkDisabled else defaults.networks(host, request.networking_config),
        links=references.links(asked, context.containers),
    )
    return Verdict(early, late, verified)
