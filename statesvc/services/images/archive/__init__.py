"""Archives of images and layers, read in one forward pass: what they hold is digested, nothing is kept."""

from statesvc.services.images.archive.images import LoadedImage, read_archive
from statesvc.services.images.archive.layers import Layer, digest_layer

__all__ = ["Layer", "LoadedImage", "digest_layer", "read_archive"]
