"""Every error that Spiral Studio raises on purpose.

SpiralError
├── ProgramError      a stroke, primitive or program that cannot be (also a ValueError)
├── ProgramFileError  a program file that cannot be read; names the place in the file
├── PhotoError        a photo that cannot be read or is no picture
├── BrushError        a brush that is missing, broken or asks for what we do not draw
├── CanvasError       a canvas, array or index of the wrong shape, type or range (also a ValueError)
├── AgentError        a trained agent that is missing or does not fit
├── TrainingError     a training that has gone astray; says what was seen, the limit and what to change
├── RunError          a run folder that is missing, in use, broken or holds something else
├── ConfigError       a configuration value that is unknown, of the wrong type or out of range
└── OutputError       a picture, vector file or toolpath that cannot be written as asked

A message says what was wrong, the value, what is valid and where it came from. The command line turns
a SpiralError into one line on stderr and exit code 2; anything else is a defect of ours.
"""

from __future__ import annotations


class SpiralError(Exception):
    """Base of all errors below; never raised itself."""


class ProgramError(SpiralError, ValueError):
    """A stroke, primitive or program that cannot be."""


class ProgramFileError(SpiralError):
    """A program file that cannot be read or written; names the place in it."""


class PhotoError(SpiralError):
    """A photo that cannot be read."""


class BrushError(SpiralError):
    """A brush that is missing, broken or not supported."""


class CanvasError(SpiralError, ValueError):
    """A canvas, array or index of the wrong shape, type or range."""


class AgentError(SpiralError):
    """A trained agent that is missing, broken or does not fit its use."""


class TrainingError(SpiralError):
    """A training that has gone astray; says what was seen, the limit and what to change."""


class RunError(SpiralError):
    """A run folder that is missing, in use by another process, broken, or holds something else."""


class ConfigError(SpiralError, ValueError):
    """A configuration value that is unknown, of the wrong type or out of range."""


class OutputError(SpiralError):
    """An output that cannot be written as asked."""
