"""What a new training is started with: a configuration, a seed, a length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui.session.configurations import Configuration, read_configuration
from gui.translations import numbers
from spiral_core.errors import ConfigError

_LARGEST_SEED: Final = 2**31 - 1
_MOST_FRAMES: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Wish:
    """A training that somebody wants.

    Attributes:
        configuration: What is trained.
        seed: Instead of the configuration's, or None.
        frames: Of the last phase instead of the configuration's, or None.
    """

    configuration: Configuration
    seed: int | None = None
    frames: int | None = None

    @property
    def overrides(self) -> list[str]:
        """What `spiral train --set` is given."""
        if self.frames is None:
            return []
        return [f"phase.{len(self.configuration.phases) - 1}.frames={self.frames}"]


class StartForm(QGroupBox):
    """Asks for what a training needs.

    Args:
        configurations: Those to choose among; one's own are added by "Open".

    Signals:
        wanted: Start has been pressed; carries a `Wish`.
        failed: A file is no configuration; carries the reason.
    """

    wanted = pyqtSignal(object)
    failed = pyqtSignal(str)

    def __init__(self, configurations: Sequence[Configuration], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("New training"))
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Configuration"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(12)
        self.open_button = QPushButton(self.tr("&Open…"))
        self.open_button.setToolTip(self.tr("Choose a configuration of your own, a .toml file"))
        self.open_button.setAccessibleName(self.tr("Open a configuration of your own"))
        self.description = QLabel()
        self.description.setWordWrap(True)
        self.description.setAccessibleName(self.tr("What the configuration trains"))
        self.seed = QSpinBox()
        self.seed.setRange(-1, _LARGEST_SEED)
        self.seed.setValue(-1)
        self.seed.setSpecialValueText(self.tr("as configured"))
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setToolTip(self.tr("Runs of one configuration and one seed go alike"))
        self.frames = QSpinBox()
        self.frames.setRange(0, _MOST_FRAMES)
        self.frames.setSingleStep(10_000)
        self.frames.setGroupSeparatorShown(True)
        self.frames.setSpecialValueText(self.tr("as configured"))
        self.frames.setAccessibleName(self.tr("Frames of the last phase"))
        self.frames.setToolTip(self.tr("How many steps of painting the last phase of the training takes"))
        self.start_button = QPushButton(self.tr("St&art"))
        self.start_button.setAccessibleName(self.tr("Start the training"))
        for configuration in configurations:
            self.choice.addItem(configuration.name, configuration)
        self._lay_out()
        self.choice.currentIndexChanged.connect(self._describe)
        self.open_button.clicked.connect(self._ask_for_file)
        self.start_button.clicked.connect(self._start)
        self._describe()

    def _lay_out(self) -> None:
        chosen = QHBoxLayout()
        chosen.addWidget(self.choice, 1)
        chosen.addWidget(self.open_button)
        fields = QFormLayout()
        # A layout in a row gets no buddy by itself.
        label = QLabel(self.tr("&Configuration"))
        label.setBuddy(self.choice)
        fields.addRow(label, chosen)
        fields.addRow(self.description)
        fields.addRow(self.tr("See&d"), self.seed)
        fields.addRow(self.tr("F&rames"), self.frames)
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        whole = QVBoxLayout(self)
        whole.addLayout(fields)
        whole.addWidget(self.start_button)

    def choose(self, name: str) -> bool:
        """Choose a configuration by its name; return whether there is one."""
        index = self.choice.findText(name)
        if index >= 0:
            self.choice.setCurrentIndex(index)
        return index >= 0

    def add_file(self, path: Path) -> None:
        """Add a configuration of one's own and choose it."""
        try:
            configuration = read_configuration(path)
        except ConfigError as error:
            self.failed.emit(str(error))
            return
        self.choice.addItem(str(path), configuration)
        self.choice.setCurrentIndex(self.choice.count() - 1)

    def _ask_for_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a configuration"), "", self.tr("Configurations (*.toml)")
        )
        if name:
            self.add_file(Path(name))

    def _describe(self) -> None:
        configuration = self.choice.currentData()
        self.start_button.setEnabled(configuration is not None)
        if configuration is None:
            self.description.setText(self.tr("No configurations came along; open one of your own."))
            return
        count = len(configuration.phases)
        phases = self.tr("%Ln phases", "", count)
        known = [each for each in configuration.phases if each is not None]
        frames = sum(known)
        length = self.tr("{} frames", "", numbers.plural(frames)).format(numbers.whole(frames))
        told = f"{phases}, {length}" if len(known) == len(configuration.phases) else phases
        self.description.setText(f"{configuration.description}\n{told}".strip())

    def _start(self) -> None:
        seed = self.seed.value() if self.seed.value() >= 0 else None
        self.wanted.emit(Wish(self.choice.currentData(), seed, self.frames.value() or None))
