"""What is known of layers: which images are made of them, and how large they are.

Recorded is how large an image is, not each of its layers. How large a layer is follows where images differ by it alone.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

Layers = tuple[str, ...]
# Each pass over the images finds the layers that follow from those of the pass before.
_PASSES_MAX = 16


def chain_ids(layers: Layers) -> list[str]:
    """Return for each layer the ID that stands for it and for all below it (OCI image specification, ChainID)."""
    chains: list[str] = []
    for diff_id in layers:
        below = f"sha256:{hashlib.sha256(f'{chains[-1]} {diff_id}'.encode()).hexdigest()}" if chains else diff_id
        chains.append(below)
    return chains


def common(one: Layers, other: Layers) -> int:
    """Return how many layers two images have in common, from the lowest up."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


class LayerSizes:
    """How large layers are, as far as that follows from the sizes of the images that are made of them."""

    def __init__(self, images: Iterable[tuple[Layers, int]]) -> None:
        """Take the layers of each image, and its size."""
        self._images: Mapping[Layers, int] = dict(images)
        self._sizes: dict[str, int] = {}
        sums = sorted((*self._images.items(), *self._differences()), key=lambda one: len(one[0]))
        for _ in range(_PASSES_MAX):
            left = [one for one in sums if not self._follows(*one)]
            if len(left) == len(sums):
                break
            sums = left

    def of(self, diff_id: str) -> int | None:
        """Return the size of a layer, None if it does not follow."""
        return self._sizes.get(diff_id)

    def total(self, layers: Layers) -> int | None:
        """Return the size of the layers that an image begins with, None if it does not follow."""
        at = self._longest_image(layers, len(layers))
        above = [self._sizes.get(diff_id) for diff_id in layers[at:]]
        known = [size for size in above if size is not None]
        return None if len(known) < len(above) else self._images.get(layers[:at], 0) + sum(known)

    def _longest_image(self, layers: Layers, end: int) -> int:
        """Return how many of the layers make up the largest image that ends there or before."""
        return next((at for at in range(end, 0, -1) if layers[:at] in self._images), 0)

    def _differences(self) -> Iterable[tuple[Layers, int]]:
        for layers, size in self._images.items():
            if at := self._longest_image(layers, len(layers) - 1):
                yield layers[at:], size - self._images[layers[:at]]

    def _follows(self, layers: Layers, size: int) -> bool:
        """Find the sizes that follow from a sum; say whether there is nothing left to be found in it."""
        unknown = Counter(diff_id for diff_id in layers if diff_id not in self._sizes)
        rest = size - sum(self._sizes.get(diff_id, 0) for diff_id in layers)
        if rest == 0:
            self._sizes.update(dict.fromkeys(unknown, 0))
        elif len(unknown) == 1:
            ((diff_id, times),) = unknown.items()
            if rest > 0 and rest % times == 0:
                self._sizes[diff_id] = rest // times
        else:
            return not unknown
        return True


def shared_sizes(images: Sequence[tuple[Layers, int]]) -> list[int | None]:
    """Return for each image the bytes of the layers that another has too, None where that does not follow."""
    chains = [chain_ids(layers) for layers, _ in images]
    holders = Counter(chain for image in chains for chain in image)
    sizes = LayerSizes(images)
    shared = (sum(holders[chain] > 1 for chain in image) for image in chains)
    return [sizes.total(layers[:count]) for (layers, _), count in zip(images, shared, strict=True)]
