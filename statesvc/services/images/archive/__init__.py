"""Reads archives of images and layers in one forward pass: computes their digests, stores nothing."""

from statesvc.services.images.archive.images import LoadedImage, read_archive
from statesvc.services.images.archive.layers import Layer, digest_layer

__all__ = ["Layer", "LoadedImage", "digest_layer", "read_archive"]
