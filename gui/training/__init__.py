"""The panel that starts, watches and stops trainings.

panel           puts the parts together, and asks the folder of runs twice a second
start_form      which configuration, seed and length
run_list        the runs as a list
curves          metrics over frames
samples         sheets of pictures over frames
facts           numbers of one run
"""

from __future__ import annotations
