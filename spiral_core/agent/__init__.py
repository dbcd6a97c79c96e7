"""Policies: what looks at a canvas and says the next stroke.

`policy` is the network for training (torch); `numpy_policy` is the same network without torch, for painting.
"""

from __future__ import annotations
