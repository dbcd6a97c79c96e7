"""One thread for torch: two on a busy machine wait for one another, ten times as long."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
