"""Container names: valid ones, and generated ones. Names are stored without Docker's leading slash."""

import re

from statesvc.domain.ids import Entropy, short
from statesvc.errors import InvalidParameter, Problem

# moby daemon/names: RestrictedNameChars, at least two of them, with an optional leading slash.
_NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")

_OTHERS = re.compile(r"[^a-zA-Z0-9_.-]+")

ATTEMPTS = 6


def check(text: str) -> str:
    """Return the name without its leading slash. Raises InvalidParameter in Docker's words, with a problem."""
    if not _NAME.fullmatch(text):
        message = f"Invalid container name ({text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        raise InvalidParameter(message, (Problem("name", "/name", message, text),))
    return text.removeprefix("/")


def fitted(text: str, container_id: str) -> str:
    """Return a name that is valid, near to one that is not, and no other container's: it ends with the short ID."""
    return re.sub("[^a-zA-Z0-9]*", "", f"{_OTHERS.sub('_', text)}_{short(container_id)}", count=1)


def fits(stored: str, *, alias: bool = False) -> bool:
    """Return whether this can be a stored name; that of an alias is `parent/alias`."""
    own, slash, rest = stored.partition("/")
    return _NAME.fullmatch(own) is not None and (bool(rest) if alias else not slash)


def candidates(entropy: Entropy, container_id: str) -> tuple[str, ...]:
    """Return generated names to try in turn for a container without one; the last is its short ID."""
    return (*(_invent(entropy, attempt) for attempt in range(ATTEMPTS)), short(container_id))


def _invent(entropy: Entropy, attempt: int) -> str:
    number = int.from_bytes(entropy(6), "big")
    number, adjective = divmod(number, len(ADJECTIVES))
    number, surname = divmod(number, len(SURNAMES))
    # After a collision a digit is added, as in Docker: that makes ten times as many names.
    return f"{ADJECTIVES[adjective]}_{SURNAMES[surname]}{number % 10 if attempt else ''}"


ADJECTIVES = tuple(
    """able airy amber ample apt ardent astute balmy blithe bold bonny brave breezy bright brisk calm candid careful
    cheery civil clear clever cosy crisp curious daring dapper deft devoted eager earnest easy elated even fair faithful
    famous fervent fine firm fleet fluent fond frank free fresh frugal gallant genial gentle gifted glad golden graceful
    grand hale handy hardy hearty helpful honest humble ideal jaunty jolly jovial joyful keen kind lively loyal lucid
    lucky mellow merry mild modest neat nimble noble patient placid plucky polite prompt proud quick quiet ready robust
    rosy serene sharp shrewd silent sincere sleek smart snug sober solid spry stable steady sterling stoic sturdy subtle
    sunny sure swift tender tidy tranquil trim true trusty upbeat urbane valiant vivid warm wise witty zesty""".split()
)

SURNAMES = tuple(
    """abel ada adleman agnesi aiken allen ampere anning archimedes babbage backus banach bardeen bartik bell bernoulli
    blackwell bohr bolzano boole borg bose brahmagupta brattain brooks brouwer cannon cantor carson cartwright cauchy
    cayley cerf chandrasekhar church clarke cocks codd cohen conway cook copernicus cori cray curie dantzig darwin
    dedekind descartes diffie dijkstra diophantus dirac driscoll dyson easley eckert edison einstein elion engelbart
    eratosthenes erdos euclid euler faraday fermat fermi feynman floyd fourier franklin frege galileo galois gauss
    germain godel goldberg goodall gosling gray hamilton hamming hardy heaviside heisenberg hellman hermite hertz
    hilbert hoare holberton hopper huffman huygens hypatia iverson jackson jacobi jennings johnson joliot kahan kalman
    kapitsa karp keller kepler kernighan khayyam khorana kilby knuth kolmogorov kowalevski lagrange lamarr lamport
    landau laplace leavitt legendre leibniz lewin lichterman liskov lovelace lumiere maxwell mayer mccarthy mcclintock
    mcnulty meitner mendel mendeleev merkle milner minsky mirzakhani moore morse napier nash naur neumann newton nobel
    noether nyquist ohm panini pappus pascal pasteur pauling payne peano perlman perlis planck poincare poisson polya
    ptolemy pythagoras ramanujan rhodes riemann ritchie rivest robinson rubin russell rutherford sammet shamir shannon
    shockley sinoussi snyder spence stonebraker strachey swanson tarjan tarski taussig tesla thales thompson torvalds
    turing vaughan villani viterbi volhard volta wiener wilbur wiles wilkes wing wirth wozniak wright wu yalow
    yonath zuse""".split()
)
