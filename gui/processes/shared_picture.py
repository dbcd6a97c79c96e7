"""A picture that two processes look at.

The memory has no name, only handles: when the last process that holds one is gone, so is the memory, however
they ended. (`multiprocessing.shared_memory` has names, which stay behind when the wrong process is killed.)
"""

from __future__ import annotations

import mmap
import os
from typing import Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError

CHANNELS: Final = 4
"""Blue, green, red, alpha: what Qt calls ARGB32 on this machine's byte order."""


class SharedPicture:
    """A picture of height x width pixels of four bytes, at first all zero.

    Args:
        height: In pixels.
        width: In pixels.
        handle: An open file of another's shared picture, which this one takes over; None makes a new one.

    Raises:
        CanvasError: The handle's memory is smaller than the picture.
    """

    def __init__(self, height: int, width: int, handle: int | None = None) -> None:
        size = height * width * CHANNELS
        if handle is None:
            handle = os.memfd_create("spiral-picture", os.MFD_CLOEXEC)
            os.ftruncate(handle, size)
        elif os.fstat(handle).st_size < size:
            held = os.fstat(handle).st_size
            os.close(handle)
            raise CanvasError(f"shared picture: holds {held} bytes, must hold {size}")
        self.handle = handle
        self.height = height
        self.width = width
        self.memory = mmap.mmap(handle, size)

    def pixels(self) -> npt.NDArray[np.uint8]:
        """Return the picture itself, no copy, shape (height, width, 4); it keeps the memory alive."""
        return np.frombuffer(self.memory, np.uint8).reshape(self.height, self.width, CHANNELS)

    def close(self) -> None:
        """Let go of the handle; the memory goes with the last array that shows it."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
