"""The one style sheet: what Fusion and the palette alone do not give."""

from __future__ import annotations

from collections.abc import Callable

from gui.theme.colors import Colors

# Where a ring of two pixels takes the place of an edge of one, the padding gives way, so that nothing moves
# when the keyboard goes round. On filled buttons the ring lies inside: the focus colour would drown in them.
# A menu shows the chosen line in gray, as Qt draws no icon there in the colour of text on the accent.
_SHEET = """
* {{ outline: none; }}
QToolTip {{ background: {tooltip}; color: {tooltip_text}; border: 1px solid {outline}; padding: 4px 6px; }}

QPushButton {{
    background: {raised}; color: {text}; border: 1px solid {outline}; border-radius: 6px;
    padding: 5px 14px; min-height: 18px;
}}
QPushButton:hover {{ background: {hover}; }}
QPushButton:pressed, QPushButton:checked {{ background: {pressed}; }}
QPushButton:focus {{ border: 2px solid {focus}; padding: 4px 13px; }}
QPushButton:disabled {{ background: {window}; color: {disabled}; border-color: {border}; }}
QPushButton::menu-indicator {{
    image: url({chevron_down}); width: 12px; height: 12px;
    subcontrol-origin: padding; subcontrol-position: right center; right: 6px;
}}
QPushButton[primary="true"], QToolButton[primary="true"] {{
    background: {accent}; color: {accent_text}; border: 1px solid {accent}; font-weight: 600;
}}
QPushButton[primary="true"]:hover, QToolButton[primary="true"]:hover {{
    background: {accent_hover}; border-color: {accent_hover};
}}
QPushButton[danger="true"], QToolButton[danger="true"] {{
    background: {danger}; color: {danger_text}; border: 1px solid {danger}; font-weight: 600;
}}
QPushButton[danger="true"]:hover, QToolButton[danger="true"]:hover {{
    background: {danger_hover}; border-color: {danger_hover};
}}
QPushButton[primary="true"]:focus {{ border: 5px double {accent_text}; padding: 1px 10px; }}
QPushButton[danger="true"]:focus {{ border: 5px double {danger_text}; padding: 1px 10px; }}
QPushButton[primary="true"]:disabled, QPushButton[danger="true"]:disabled,
QToolButton[primary="true"]:disabled, QToolButton[danger="true"]:disabled {{
    background: {window}; color: {disabled}; border-color: {border};
}}

QToolBar {{ background: {window}; border: none; padding: 4px; spacing: 2px; }}
QToolBar:top {{ border-bottom: 1px solid {border}; }}
QToolBar::handle {{ background: {border}; border-radius: 1px; }}
QToolBar::handle:horizontal {{ width: 3px; margin: 8px 3px; }}
QToolBar::handle:vertical {{ height: 3px; margin: 3px 8px; }}
QToolBar::separator {{ background: {border}; width: 1px; height: 1px; margin: 4px 5px; }}
QToolButton {{
    background: transparent; color: {text}; border: 1px solid transparent; border-radius: 6px; padding: 4px;
}}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed, QToolButton:checked, QToolButton:open {{ background: {pressed}; }}
QToolButton:focus {{ border: 2px solid {focus}; padding: 3px; }}
QToolButton:disabled {{ color: {disabled}; }}
QToolButton[popupMode="1"] {{ padding-right: 18px; }}
QToolButton[popupMode="2"] {{ padding-right: 14px; }}
QToolButton::menu-button {{ border: none; width: 16px; }}
QToolButton::menu-arrow {{ image: url({chevron_down}); width: 10px; height: 10px; }}
QToolButton::menu-indicator {{
    image: url({chevron_down}); width: 10px; height: 10px;
    subcontrol-origin: padding; subcontrol-position: right center; right: 3px;
}}
QToolButton[primary="true"], QToolButton[danger="true"] {{ padding: 4px 10px; }}
QToolButton[primary="true"]:focus {{ border: 5px double {accent_text}; padding: 0 6px; }}
QToolButton[danger="true"]:focus {{ border: 5px double {danger_text}; padding: 0 6px; }}

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit {{
    background: {base}; color: {text}; border: 1px solid {outline}; border-radius: 6px;
    selection-background-color: {accent}; selection-color: {accent_text}; placeholder-text-color: {muted};
}}
QLineEdit, QAbstractSpinBox, QComboBox {{ padding: 3px 8px; min-height: 20px; }}
QPlainTextEdit, QTextEdit {{ padding: 3px; }}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {{ border: 2px solid {focus}; padding: 2px 7px; }}
QPlainTextEdit:focus, QTextEdit:focus {{ border: 2px solid {focus}; padding: 2px; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled,
QPlainTextEdit:disabled, QTextEdit:disabled {{
    background: {window}; color: {disabled}; border-color: {border};
}}
QAbstractSpinBox {{ padding-right: 20px; }}
QAbstractSpinBox:focus {{ padding-right: 19px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
    subcontrol-origin: border; width: 20px; border: none; margin: 1px;
}}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; border-top-right-radius: 5px; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; border-bottom-right-radius: 5px; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {hover}; }}
QAbstractSpinBox::up-button:pressed, QAbstractSpinBox::down-button:pressed {{ background: {pressed}; }}
QAbstractSpinBox::up-arrow {{ image: url({chevron_up}); width: 10px; height: 10px; }}
QAbstractSpinBox::down-arrow {{ image: url({chevron_down}); width: 10px; height: 10px; }}
QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::up-arrow:off {{ image: url({chevron_up_off}); }}
QAbstractSpinBox::down-arrow:disabled, QAbstractSpinBox::down-arrow:off {{ image: url({chevron_down_off}); }}
QComboBox::drop-down {{
    subcontrol-origin: border; subcontrol-position: center right; border: none; width: 24px;
}}
QComboBox::down-arrow {{ image: url({chevron_down}); width: 12px; height: 12px; }}
QComboBox::down-arrow:disabled {{ image: url({chevron_down_off}); }}
QComboBox QAbstractItemView {{ border: 1px solid {outline}; border-radius: 0; padding: 2px; }}
QComboBox QAbstractItemView::item {{ min-height: 24px; padding: 0 6px; }}

QCheckBox, QRadioButton {{
    color: {text}; spacing: 8px; padding: 2px 4px; border: 2px solid transparent; border-radius: 6px;
}}
QCheckBox:focus, QRadioButton:focus {{ border-color: {focus}; }}
QCheckBox:disabled, QRadioButton:disabled {{ color: {disabled}; }}
QCheckBox::indicator, QRadioButton::indicator, QAbstractItemView::indicator, QGroupBox::indicator {{
    width: 14px; height: 14px; background: {base}; border: 1px solid {outline}; border-radius: 4px;
}}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {text}; }}
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked, QGroupBox::indicator:checked {{
    background: {accent}; border-color: {accent}; image: url({check});
}}
QCheckBox::indicator:indeterminate, QAbstractItemView::indicator:indeterminate {{
    background: {accent}; border-color: {accent}; image: url({minus});
}}
QRadioButton::indicator:checked {{ width: 8px; height: 8px; border: 4px solid {accent}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{
    background: {window}; border-color: {border};
}}
QCheckBox::indicator:checked:disabled {{ image: url({check_off}); }}
QCheckBox::indicator:indeterminate:disabled {{ image: url({minus_off}); }}
QRadioButton::indicator:checked:disabled {{ border-color: {disabled}; }}

QSlider {{ min-height: 22px; }}
QSlider:vertical {{ min-width: 22px; }}
QSlider::groove:horizontal {{ height: 4px; background: {outline}; border-radius: 2px; }}
QSlider::groove:vertical {{ width: 4px; background: {outline}; border-radius: 2px; }}
QSlider::sub-page:horizontal, QSlider::add-page:vertical {{ background: {accent}; border-radius: 2px; }}
QSlider::handle {{ background: {raised}; border: 1px solid {outline}; border-radius: 8px; }}
QSlider::handle:horizontal {{ width: 14px; margin: -6px 0; }}
QSlider::handle:vertical {{ height: 14px; margin: 0 -6px; }}
QSlider::handle:hover {{ border-color: {text}; }}
QSlider::handle:focus {{ border: 3px solid {focus}; }}
QSlider::handle:horizontal:focus {{ width: 10px; }}
QSlider::handle:vertical:focus {{ height: 10px; }}
QSlider::groove:disabled, QSlider::sub-page:disabled, QSlider::add-page:vertical:disabled {{
    background: {border};
}}
QSlider::handle:disabled {{ background: {window}; border-color: {border}; }}

QProgressBar {{
    background: {base}; color: {text}; border: 1px solid {outline}; border-radius: 6px;
    min-height: 18px; text-align: center;
}}
QProgressBar::chunk {{ background: {progress}; border-radius: 5px; }}
QProgressBar:disabled {{ color: {disabled}; border-color: {border}; }}
QProgressBar::chunk:disabled {{ background: {border}; }}

QAbstractScrollArea {{ border: 1px solid {border}; border-radius: 4px; padding: 1px; }}
QAbstractScrollArea:focus {{ border: 2px solid {focus}; padding: 0; }}
QAbstractItemView {{
    background: {base}; alternate-background-color: {alternate}; color: {text};
    selection-background-color: {accent}; selection-color: {accent_text};
}}
QAbstractItemView:disabled {{ color: {disabled}; }}
QListView::item, QTreeView::item {{ min-height: 24px; padding: 1px 4px; border: 1px solid transparent; }}
QListView::item:hover, QTreeView::item:hover, QTableView::item:hover {{ background: {hover}; color: {text}; }}
QListView::item:focus, QTreeView::item:focus, QTableView::item:focus {{ border: 1px solid {focus}; }}
QListView::item:selected, QTreeView::item:selected, QTableView::item:selected {{
    background: {accent}; color: {accent_text};
}}
QListView::item:selected:focus, QTreeView::item:selected:focus, QTableView::item:selected:focus {{
    border: 1px solid {accent_text};
}}
QListView::item:selected:disabled, QTreeView::item:selected:disabled, QTableView::item:selected:disabled {{
    background: {border}; color: {disabled};
}}
QTreeView::branch:has-children:closed {{ image: url({chevron_right}); }}
QTreeView::branch:has-children:open {{ image: url({chevron_down}); }}
QHeaderView, QTableCornerButton::section {{ background: {window}; border: none; }}
QHeaderView::section {{
    background: {window}; color: {muted}; border: none; border-right: 1px solid {border};
    border-bottom: 1px solid {border}; padding: 4px 8px;
}}

QTabWidget::pane {{ border: none; border-top: 1px solid {border}; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{
    color: {muted}; background: transparent; padding: 5px 12px;
    border: 2px solid transparent; border-radius: 6px; margin: 2px 1px;
}}
QTabBar::tab:hover {{ background: {hover}; }}
QTabBar::tab:selected {{ color: {text}; background: {pressed}; }}
QTabBar::tab:focus:selected {{ border-color: {focus}; }}
QTabBar::tab:disabled {{ color: {disabled}; }}
QTabBar::close-button {{ image: url({close}); }}
QTabBar QToolButton {{ background: {window}; padding: 0; }}
QTabBar QToolButton::left-arrow {{ image: url({chevron_left}); }}
QTabBar QToolButton::right-arrow {{ image: url({chevron_right}); }}

QDockWidget {{ titlebar-close-icon: url({close}); titlebar-normal-icon: url({float}); font-weight: 600; }}
QDockWidget::title {{
    background: {window}; text-align: left; padding: 6px 8px; border-bottom: 1px solid {border};
}}
QDockWidget::close-button, QDockWidget::float-button {{
    border: none; border-radius: 4px; padding: 0; icon-size: 14px;
}}
QDockWidget::close-button:hover, QDockWidget::float-button:hover {{ background: {hover}; }}
QMainWindow::separator {{ background: {border}; width: 3px; height: 3px; }}
QMainWindow::separator:hover, QSplitter::handle:hover {{ background: {accent}; }}
QSplitter::handle {{ background: {border}; }}
QSplitter::handle:horizontal {{ width: 3px; }}
QSplitter::handle:vertical {{ height: 3px; }}

QMenuBar {{ background: {window}; border-bottom: 1px solid {border}; }}
QMenuBar::item {{ background: transparent; padding: 5px 9px; border-radius: 5px; }}
QMenuBar::item:selected {{ background: {hover}; color: {text}; }}
QMenuBar::item:pressed {{ background: {pressed}; }}
QMenuBar::item:disabled {{ color: {disabled}; }}
QMenu {{ background: {raised}; color: {text}; border: 1px solid {outline}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 10px; border: 1px solid transparent; border-radius: 5px; }}
QMenu::item:selected {{ background: {pressed}; color: {text}; }}
QMenu::item:disabled {{ color: {disabled}; background: transparent; }}
QMenu::icon {{ padding-left: 6px; }}
QMenu::separator {{ height: 1px; background: {border}; margin: 4px 6px; }}
QMenu::indicator {{ width: 14px; height: 14px; left: 6px; }}
QMenu::indicator:checked {{ image: url({check_text}); }}
QMenu::right-arrow {{ image: url({chevron_right}); width: 12px; height: 12px; right: 6px; }}

QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: 12px; }}
QScrollBar:horizontal {{ height: 12px; }}
QScrollBar::handle {{ background: {outline}; border-radius: 3px; margin: 3px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; border: none; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QGroupBox {{
    border: 1px solid {border}; border-radius: 6px; margin-top: 9px; padding: 10px 8px 6px 8px;
    font-weight: 600;
}}
QGroupBox::title {{
    subcontrol-origin: margin; subcontrol-position: top left; left: 10px; padding: 0 4px; color: {text};
}}
QGroupBox:focus {{ border: 2px solid {focus}; }}
QStatusBar {{ background: {window}; border-top: 1px solid {border}; }}
QStatusBar::item {{ border: none; }}
"""


def stylesheet(colors: Colors, picture: Callable[[str, str], str]) -> str:
    """Return the style sheet in these colours.

    Args:
        colors: The theme.
        picture: Returns the path of an SVG file with an icon, given its name and colour: a style sheet takes
            its small marks from files only.
    """
    return _SHEET.format(
        chevron_up=picture("chevron-up", colors.text),
        chevron_down=picture("chevron-down", colors.text),
        chevron_left=picture("chevron-left", colors.text),
        chevron_right=picture("chevron-right", colors.text),
        chevron_up_off=picture("chevron-up", colors.disabled),
        chevron_down_off=picture("chevron-down", colors.disabled),
        check=picture("check", colors.accent_text),
        check_text=picture("check", colors.text),
        check_off=picture("check", colors.disabled),
        minus=picture("minus", colors.accent_text),
        minus_off=picture("minus", colors.disabled),
        close=picture("close", colors.text),
        float=picture("float", colors.text),
        **vars(colors),
    )
