"""Image references: names of images with a tag or a digest, read and written as Docker does.

The grammar and the messages are those of github.com/distribution/reference and github.com/opencontainers/go-digest:

    busybox                     docker.io/library/busybox            (familiar form, full name)
    index.docker.io/a/b:1       docker.io/a/b:1
    localhost:5000/x@sha256:…   localhost:5000/x@sha256:…

The text stored in the database is `Reference.full` of a tagged reference: `docker.io/library/busybox:latest`.
"""

import re
from dataclasses import dataclass, replace

from statesvc.errors import InvalidParameter

_DEFAULT_DOMAIN = "docker.io"
_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
_DEFAULT_TAG = "latest"
_NAME_LENGTH_MAX = 255

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:__|[._]|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_ALGORITHM = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*"
_DIGEST = rf"{_ALGORITHM}:[0-9a-fA-F]{{32,}}"

_REFERENCE_RE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_TAG_RE = re.compile(_TAG)
_IDENTIFIER_RE = re.compile(r"[a-f0-9]{64}")
_ANY_DIGEST_RE = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository with a tag, a digest, both or neither. Made by `parse_normalized`."""

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The full repository name: `docker.io/library/busybox`."""
        return f"{self.domain}/{self.path}" if self.domain else self.path

    @property
    def familiar_name(self) -> str:
        """The repository name as Docker shows it: `busybox`."""
        if self.domain != _DEFAULT_DOMAIN:
            return self.name
        official = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in official else official

    @property
    def full(self) -> str:
        """The whole reference with the full name: `docker.io/library/busybox:latest`."""
        return self.name + self._suffix

    @property
    def familiar(self) -> str:
        """The whole reference as Docker shows it: `busybox:latest`."""
        return self.familiar_name + self._suffix

    @property
    def is_name_only(self) -> bool:
        """Whether neither a tag nor a digest was given."""
        return self.tag is None and self.digest is None

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag is not None else "") + (f"@{self.digest}" if self.digest else "")

    def with_default_tag(self) -> "Reference":
        """The same reference; with the tag `latest` if it was a bare name."""
        return replace(self, tag=_DEFAULT_TAG) if self.is_name_only else self

    def as_stored(self) -> "Reference":
        """The same reference as it is stored: with a tag or, where a digest was given, with that alone."""
        return replace(self, tag=None) if self.digest else self.with_default_tag()

    def with_tag(self, tag: str) -> "Reference":
        """The same repository with another tag. Raises InvalidParameter for a tag that cannot be one."""
        if not _TAG_RE.fullmatch(tag):
            raise InvalidParameter("invalid tag format")
        return replace(self, tag=tag)


@dataclass(frozen=True, slots=True)
class DigestReference:
    """An image named by its digest alone (`sha256:…`)."""

    digest: str


def parse_normalized(text: str) -> Reference:
    """Read a reference as people write it; the domain and `library/` are filled in, a tag is not.

    Raises InvalidParameter in the words of reference.ParseNormalizedNamed.
    """
    if _IDENTIFIER_RE.fullmatch(text):
        raise InvalidParameter(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    domain, remainder = _split_domain(text)
    remote = remainder.partition(":")[0]
    if remote != remote.lower():
        raise InvalidParameter(f"invalid reference format: repository name ({remote}) must be lowercase")
    return _parse(f"{domain}/{remainder}")


def parse_any(text: str) -> Reference | DigestReference:
    """Read what may be 64 hexadecimal digits, a digest, or a name. Raises InvalidParameter like `parse_normalized`."""
    if _IDENTIFIER_RE.fullmatch(text):
        return DigestReference(f"sha256:{text}")
    if _digest_problem(text) is None:
        return DigestReference(text)
    return parse_normalized(text)


def parse_repo_tag(repo: str, tag: str) -> Reference | None:
    """Read the `repo` and `tag` parameters of tag, commit and import; None if no repository is named.

    The answer has a tag. Raises InvalidParameter for a bad name, a bad tag, a digest, or what would be read as one.
    """
    if not repo:
        return None
    reference = parse_normalized(repo)
    if reference.digest is not None:
        raise InvalidParameter("cannot import digest reference")
    return _unambiguous(reference.with_tag(tag) if tag else reference.with_default_tag())


def parse_pulled(image: str, tag: str) -> Reference:
    """Read what is to be pulled; the tag may be a digest. Raises InvalidParameter as `parse_normalized` does."""
    reference = parse_normalized(image)
    if tag and _digest_problem(tag) is None:
        return replace(reference, tag=None, digest=tag)
    return reference.with_tag(tag) if tag else reference


def parse_tagged(text: str) -> Reference:
    """Read a tag of an image archive. Raises InvalidParameter for what is no name with a tag and nothing else."""
    reference = parse_normalized(text)
    if reference.tag is None:
        raise InvalidParameter(f'invalid tag "{text}"')
    if reference.digest is not None:
        raise InvalidParameter("refusing to create a tag with a digest reference")
    return _unambiguous(reference)


def _unambiguous(reference: Reference) -> Reference:
    # `sha256:…` would be read as a digest ever after.
    if reference.familiar_name == "sha256":
        raise InvalidParameter("refusing to create an ambiguous tag using digest algorithm as name")
    return reference


def familiar(full: str) -> str:
    """Return a full reference, as it is stored, in the form that Docker shows."""
    return parse_normalized(full).familiar


def _split_domain(text: str) -> tuple[str, str]:
    """Return registry and rest, as Docker guesses: a first part with a dot, a colon or a capital is a registry."""
    first, slash, rest = text.partition("/")
    if not slash:
        return _DEFAULT_DOMAIN, _OFFICIAL + text
    if first == "localhost" or "." in first or ":" in first or first != first.lower():
        domain, remainder = _DEFAULT_DOMAIN if first == _LEGACY_DOMAIN else first, rest
    else:
        domain, remainder = _DEFAULT_DOMAIN, text
    if domain == _DEFAULT_DOMAIN and "/" not in remainder:
        remainder = _OFFICIAL + remainder
    return domain, remainder


def _parse(text: str) -> Reference:
    match = _REFERENCE_RE.fullmatch(text)
    if match is None:
        lowered = text.lower()
        if lowered != text and _REFERENCE_RE.fullmatch(lowered):
            raise InvalidParameter("repository name must be lowercase")
        raise InvalidParameter("invalid reference format")
    if len(match["path"]) > _NAME_LENGTH_MAX:
        raise InvalidParameter(f"repository name must not be more than {_NAME_LENGTH_MAX} characters")
    problem = _digest_problem(match["digest"]) if match["digest"] else None
    if problem is not None:
        raise InvalidParameter(problem)
    return Reference(match["domain"] or "", match["path"], match["tag"], match["digest"])


def _digest_problem(text: str) -> str | None:
    """Return what is wrong with a digest, None if nothing is; rules and messages are those of go-digest's Validate."""
    algorithm, _, encoded = text.partition(":")
    if not algorithm or not encoded:
        return "invalid checksum digest format"
    if algorithm not in _HEX_LENGTHS:
        known_form = _ANY_DIGEST_RE.fullmatch(text)
        return "unsupported digest algorithm" if known_form else "invalid checksum digest format"
    if len(encoded) != _HEX_LENGTHS[algorithm]:
        return "invalid checksum digest length"
    return None if re.fullmatch(r"[a-f0-9]+", encoded) else "invalid checksum digest format"
