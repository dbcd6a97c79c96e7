"""Trainings: engines that sample, runs in folders, the recipe's phases. Needs torch; Ray where it is asked for."""

from __future__ import annotations
